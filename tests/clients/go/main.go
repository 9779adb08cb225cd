// Command clients sends one small trace with a stock Go client and prints what it sent as JSON.
//
// Usage: clients CLIENT TARGET
//
// TARGET is the receiver's URL without a path, or HOST:PORT for UDP. The spans are printed from the
// client's own objects, not from what its exporter made of them, in the form that
// tests/it/foreign/printed.rs describes.
//
// The trace, the same with every client: service `front` checks out and calls service `back` over
// HTTP, whose charge fails.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"os"
	"slices"
	"strings"
)

// A Trace is what was sent.
type Trace struct {
	TraceID string `json:"traceId"`
	Spans   []Span `json:"spans"`
}

// A Span holds times in nanoseconds, as exact as they are sent. Error is its message, nil for none.
type Span struct {
	ID         string         `json:"id"`
	Parent     string         `json:"parent"`
	Name       string         `json:"name"`
	Service    string         `json:"service"`
	Kind       string         `json:"kind"`
	Start      int64          `json:"start"`
	Duration   int64          `json:"duration"`
	Attributes map[string]any `json:"attributes"`
	Events     []string       `json:"events"`
	Error      *string        `json:"error"`
}

var clients = map[string]func(target string) (Trace, error){
	"otlp-grpc":        otlpGRPC,
	"otlp-http":        otlpHTTP,
	"otel-zipkin":      otelZipkin,
	"zipkin-json":      zipkinJSON,
	"zipkin-proto":     zipkinProto,
	"jaeger-http":      jaegerHTTP,
	"jaeger-udp":       jaegerUDP,
	"zipkin-v1-thrift": jaegerToZipkin,
}

func main() {
	if len(os.Args) != 3 || clients[os.Args[1]] == nil {
		names := slices.Sorted(maps.Keys(clients))
		log.Fatalf("usage: clients %s TARGET", strings.Join(names, "|"))
	}
	trace, err := clients[os.Args[1]](os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	printed, err := json.Marshal(trace)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(printed))
}
