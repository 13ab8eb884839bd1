package main

import (
	"testing"
	"time"
)

func lookup(values map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, isSet := values[name]
		return value, isSet
	}
}

func TestSettingsHaveDefaults(t *testing.T) {
	read, err := readSettings(lookup(nil))
	if err != nil {
		t.Fatal(err)
	}
	if read.unaryTimeout != 15*time.Second || read.listenAddress != "127.0.0.1:8081" || read.hasTLS() {
		t.Errorf("%+v", read)
	}
}

func TestSettingsThatMakeNoSenseAreRefused(t *testing.T) {
	for _, values := range []map[string]string{
		{"LEADLINE_UNARY_TIMEOUT_SECONDS": "soon"},
		{"LEADLINE_UNARY_TIMEOUT_SECONDS": "0"},
		{"LEADLINE_UNARY_TIMEOUT_SECONDS": "NaN"},
		{"LEADLINE_TLS_CERTIFICATE_FILE": "edge.crt"},
	} {
		if _, err := readSettings(lookup(values)); err == nil {
			t.Errorf("%v is taken", values)
		}
	}
}
