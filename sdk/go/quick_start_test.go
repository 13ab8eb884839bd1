package leadline_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTheQuickStartRuns builds and runs the program of the README as it stands, against a Leadline of this test.
func TestTheQuickStartRuns(t *testing.T) {
	fake := startFake(t)
	fake.changes = changes(7)
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	code := string(regexp.MustCompile("(?s)```go\n(package main.*?)```").FindSubmatch(readme)[1])
	code = strings.Replace(code, `"leadline.example.com:443", `, `"`+fake.address+`", leadline.WithPlaintext(), `, 1)
	folder := t.TempDir()
	source, program := filepath.Join(folder, "main.go"), filepath.Join(folder, "quick_start")
	if err := os.WriteFile(source, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	if told, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, source).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, told)
	}
	run := exec.CommandContext(t.Context(), program)
	run.Stderr = os.Stderr
	output, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for told := bufio.NewScanner(output); told.Scan(); {
		lines = append(lines, told.Text())
		if strings.HasPrefix(told.Text(), leadName(7)) {
			break // a watch has no end
		}
	}
	if err := run.Process.Kill(); err != nil {
		t.Error(err)
	}
	if err := run.Wait(); err == nil {
		t.Error("the watch ended by itself")
	}
	want := []string{"0 step 1", "0 step 2", "0.9", "73 0.731 5254", "Lead Source Google 2", leadName(7) + " 0.731"}
	if !slices.Equal(lines, want) {
		t.Errorf("it told %q", lines)
	}
	if len(fake.leads) != 1 || fake.exchanges != 1 {
		t.Errorf("%d leads stored, %d keys exchanged", len(fake.leads), fake.exchanges)
	}
}
