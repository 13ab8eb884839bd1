// The REST surface of Leadline for those who don't run Envoy: a reverse proxy that takes JSON over HTTP and calls the
// server and the scorer over gRPC, by the routes of the contract. docs/grpc-gateway.md tells what it does and leaves out.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	headerTimeout      = 10 * time.Second
	idleTimeout        = 2 * time.Minute
	drainTimeout       = 10 * time.Second
	largestHeaderBytes = 60 * 1024
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	if len(os.Args) == 3 && os.Args[1] == "documentation" {
		if err := writeDocumentation(os.Args[2]); err != nil {
			log.Error("the documentation can't be written", "error", err.Error())
			os.Exit(1)
		}
		return
	}
	stopping, forget := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer forget()
	settings, err := readSettings(os.LookupEnv)
	if err == nil {
		err = run(stopping, settings, log)
	}
	if err != nil {
		log.Error("stopped", "error", err.Error())
		os.Exit(1)
	}
}

// run serves until the context ends. Requests that are open then get drainTimeout to end by themselves.
func run(stopping context.Context, settings settings, log *slog.Logger) error {
	backends, err := connect(settings)
	if err != nil {
		return err
	}
	defer backends.close()
	handler, err := newHandler(stopping, backends, settings, log)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    largestHeaderBytes,
		Protocols:         new(http.Protocols),
		TLSConfig:         &tls.Config{MinVersion: tls.VersionTLS13},
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	listener, err := new(net.ListenConfig).Listen(stopping, "tcp", settings.listenAddress)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	log.Info("serving", "address", listener.Addr().String(), "tls", settings.hasTLS())
	ended := make(chan error, 1)
	go func() {
		if settings.hasTLS() {
			ended <- server.ServeTLS(listener, settings.certificateFile, settings.privateKeyFile)
		} else {
			ended <- server.Serve(listener)
		}
	}()
	select {
	case err = <-ended:
		return err
	case <-stopping.Done():
	}
	draining, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	if err = server.Shutdown(draining); errors.Is(err, context.DeadlineExceeded) {
		return server.Close()
	}
	return err
}
