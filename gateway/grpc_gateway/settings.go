package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	shortestUnaryTimeout = 0.001
	longestUnaryTimeout  = 3_600
)

// settings are what can be configured, by environment variables with the prefix LEADLINE_.
type settings struct {
	// listenAddress is where clients connect: host:port.
	listenAddress string
	// serverTarget and scorerTarget are the backends as gRPC targets: host:port or dns:///name:port. The processes that
	// a name resolves to take turns.
	serverTarget string
	scorerTarget string
	// authoritiesFile has the certificates, in PEM, of the authorities that the backends' certificates must come from;
	// empty means that the backends are called without TLS.
	authoritiesFile string
	// certificateFile and privateKeyFile, in PEM, turn on TLS 1.3 for clients.
	certificateFile string
	privateKeyFile  string
	// unaryTimeout is when a unary rpc is given up whose caller sends no grpc-timeout.
	unaryTimeout time.Duration
	// allowedOrigins are the web origins whose pages may call for every tenant, log-in included.
	allowedOrigins []string
}

func (settings settings) hasTLS() bool { return settings.certificateFile != "" }

// readSettings reads the settings with a function such as os.LookupEnv, and tells what is wrong with them.
func readSettings(lookup func(string) (string, bool)) (settings, error) {
	value := func(name, otherwise string) string {
		if found, ok := lookup("LEADLINE_" + name); ok {
			return found
		}
		return otherwise
	}
	read := settings{
		listenAddress:   value("LISTEN_ADDRESS", "127.0.0.1:8081"),
		serverTarget:    value("SERVER_TARGET", "127.0.0.1:50051"),
		scorerTarget:    value("SCORER_TARGET", "127.0.0.1:50052"),
		authoritiesFile: value("BACKEND_AUTHORITIES_FILE", ""),
		certificateFile: value("TLS_CERTIFICATE_FILE", ""),
		privateKeyFile:  value("TLS_PRIVATE_KEY_FILE", ""),
		allowedOrigins:  strings.Split(value("ALLOWED_ORIGINS", "http://localhost:3000"), ","),
	}
	if (read.certificateFile == "") != (read.privateKeyFile == "") {
		return read, fmt.Errorf("TLS needs both LEADLINE_TLS_CERTIFICATE_FILE and LEADLINE_TLS_PRIVATE_KEY_FILE")
	}
	text := value("UNARY_TIMEOUT_SECONDS", "15")
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds >= shortestUnaryTimeout && seconds <= longestUnaryTimeout) {
		return read, fmt.Errorf("LEADLINE_UNARY_TIMEOUT_SECONDS: %q is not a number of seconds up to 3600", text)
	}
	read.unaryTimeout = time.Duration(seconds * float64(time.Second))
	return read, nil
}
