package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"
)

func TestStoppingLetsOpenRequestsEnd(t *testing.T) {
	_, target := startBackend(t)
	reader, writer := io.Pipe()
	stopping, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- run(stopping, settings{
			listenAddress: "127.0.0.1:0", serverTarget: target, scorerTarget: target, unaryTimeout: 300 * time.Millisecond,
		}, slog.New(slog.NewJSONHandler(writer, nil)))
	}()
	var serving struct{ Address string }
	lines := bufio.NewReader(reader)
	line, err := lines.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &serving)
	}
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	answered := make(chan int, 1)
	go func() {
		response, err := http.Get("http://" + serving.Address + "/v1/leads")
		if err != nil {
			answered <- 0
			return
		}
		_ = response.Body.Close()
		answered <- response.StatusCode
	}()
	time.Sleep(100 * time.Millisecond)
	stop()
	if httpStatus := <-answered; httpStatus != http.StatusGatewayTimeout {
		t.Errorf("the open request ended with %d", httpStatus)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := http.Get("http://" + serving.Address + "/livez"); err == nil {
		t.Error("it still answers")
	}
}
