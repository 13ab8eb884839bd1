package main

import (
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/swaggest/swgui/v5/static"

	"leadline.dev/gateway/openapi"
)

var contentTypes = map[string]string{".js": "text/javascript", ".css": "text/css", ".json": "application/json"}

//go:embed documentation
var pages embed.FS

// documentationHeaders let nothing in from another host, and no script that stands in a page.
var documentationHeaders = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
		"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	"X-Content-Type-Options":     "nosniff",
	"Referrer-Policy":            "no-referrer",
	"Cross-Origin-Opener-Policy": "same-origin",
	"Cache-Control":              "no-cache",
}

// documentation is what /docs and /openapi.json serve: files by their paths.
type documentation map[string]file

// file is a file, as it is and compressed by gzip.
type file struct{ plain, compressed []byte }

func newDocumentation() (documentation, error) {
	served := documentation{"/openapi.json": {plain: openapi.Document}}
	for _, name := range []string{"index.html", "page.js", "page.css"} {
		content, err := pages.ReadFile("documentation/" + name)
		if err != nil {
			return nil, err
		}
		served["/docs/"+name] = file{plain: content}
	}
	for name, found := range served {
		var compressed bytes.Buffer
		packer := gzip.NewWriter(&compressed)
		_, writeErr := packer.Write(found.plain)
		if err := errors.Join(writeErr, packer.Close()); err != nil {
			return nil, err
		}
		found.compressed = compressed.Bytes()
		served[name] = found
	}
	for _, name := range []string{"swagger-ui-bundle.js", "swagger-ui.css"} {
		compressed, err := static.FS.ReadFile(name + ".gz")
		if err != nil {
			return nil, err
		}
		unpacker, err := gzip.NewReader(bytes.NewReader(compressed))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		content, err := io.ReadAll(unpacker)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		served["/docs/"+name] = file{plain: content, compressed: compressed}
	}
	served["/docs"] = served["/docs/index.html"]
	return served, nil
}

// writeDocumentation writes the files to a folder, for an edge that serves them by itself.
func writeDocumentation(folder string) error {
	served, err := newDocumentation()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(folder, "docs"), 0o755); err != nil {
		return err
	}
	for name, content := range served {
		if path.Ext(name) == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(folder, filepath.FromSlash(name)), content.plain, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (documentation documentation) serves(path string) bool {
	_, isThere := documentation[path]
	return isThere
}

// ServeHTTP answers with a file that documentation serves.
func (documentation documentation) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	header := writer.Header()
	for name, value := range documentationHeaders {
		header.Set(name, value)
	}
	kind := "text/html"
	if found, isKnown := contentTypes[path.Ext(request.URL.Path)]; isKnown {
		kind = found
	}
	header.Set("Content-Type", kind+"; charset=utf-8")
	header.Set("Vary", "Accept-Encoding")
	content := documentation[request.URL.Path].plain
	if strings.Contains(request.Header.Get("Accept-Encoding"), "gzip") {
		header.Set("Content-Encoding", "gzip")
		content = documentation[request.URL.Path].compressed
	}
	_, _ = writer.Write(content)
}
