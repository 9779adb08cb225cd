package main

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	zipkin "github.com/openzipkin/zipkin-go"
	"github.com/openzipkin/zipkin-go/model"
	"github.com/openzipkin/zipkin-go/propagation/b3"
	"github.com/openzipkin/zipkin-go/proto/zipkin_proto3"
	"github.com/openzipkin/zipkin-go/reporter"
	zipkinhttp "github.com/openzipkin/zipkin-go/reporter/http"
)

// zipkinJSON lets the server's span share the client's id, as it is by default.
func zipkinJSON(target string) (Trace, error) {
	return zipkinTrace(zipkinhttp.NewReporter(target+"/api/v2/spans"), zipkinRounded)
}

// zipkinProto gives both sides an id of their own, and the trace one of 128 bits.
func zipkinProto(target string) (Trace, error) {
	inProto := zipkinhttp.Serializer(zipkin_proto3.SpanSerializer{})
	truncated := func(duration time.Duration) time.Duration { return duration.Truncate(time.Microsecond) }
	return zipkinTrace(zipkinhttp.NewReporter(target+"/api/v2/spans", inProto), truncated,
		zipkin.WithSharedSpans(false), zipkin.WithTraceID128Bit(true))
}

// zipkinRounded is a duration as exact as it is sent in JSON.
func zipkinRounded(duration time.Duration) time.Duration {
	return max(duration.Round(time.Microsecond), time.Microsecond)
}

// zipkinRecorder keeps what it passes on.
type zipkinRecorder struct {
	reporter.Reporter
	lock  sync.Mutex
	spans []model.SpanModel
}

func (r *zipkinRecorder) Send(span model.SpanModel) {
	r.lock.Lock()
	r.spans = append(r.spans, span)
	r.lock.Unlock()
	r.Reporter.Send(span)
}

func zipkinTrace(
	reporter reporter.Reporter,
	exact func(time.Duration) time.Duration,
	options ...zipkin.TracerOption,
) (Trace, error) {
	recording := &zipkinRecorder{Reporter: reporter}
	tracer := func(service, address string) (*zipkin.Tracer, error) {
		endpoint, err := zipkin.NewEndpoint(service, address)
		if err != nil {
			return nil, err
		}
		return zipkin.NewTracer(recording, append(options, zipkin.WithLocalEndpoint(endpoint))...)
	}
	front, err := tracer("front", "127.0.0.1:8080")
	if err != nil {
		return Trace{}, err
	}
	back, err := tracer("back", "127.0.0.1:8081")
	if err != nil {
		return Trace{}, err
	}
	err = zipkinCheckOut(front, back)
	return sentByZipkin(recording.spans, exact), errors.Join(err, recording.Close())
}

func zipkinCheckOut(front, back *zipkin.Tracer) error {
	root := front.StartSpan("checkout", zipkin.Tags(map[string]string{"user.id": "u-1"}))
	defer root.Finish()
	remote, err := zipkin.NewEndpoint("back", "127.0.0.1:8081")
	if err != nil {
		return err
	}
	client := front.StartSpan("get /charge", zipkin.Kind(model.Client), zipkin.Parent(root.Context()),
		zipkin.RemoteEndpoint(remote))
	defer client.Finish()
	inject := func(request *http.Request) {
		// It fails for a context without ids alone.
		_ = b3.InjectHTTP(request)(client.Context())
	}
	return call(inject, func(request *http.Request) {
		context := back.Extract(b3.ExtractHTTP(request))
		server := back.StartSpan("get /charge", zipkin.Kind(model.Server), zipkin.Parent(context))
		defer server.Finish()
		charge := back.StartSpan("charge", zipkin.Parent(server.Context()))
		charge.Annotate(time.Now(), "retry")
		zipkin.TagError.Set(charge, "card refused")
		charge.Finish()
	})
}

func sentByZipkin(spans []model.SpanModel, exact func(time.Duration) time.Duration) Trace {
	var sent Trace
	for _, span := range spans {
		each := Span{
			ID:         span.ID.String(),
			Name:       span.Name,
			Service:    span.LocalEndpoint.ServiceName,
			Kind:       "unspecified",
			Start:      span.Timestamp.Round(time.Microsecond).UnixNano(),
			Duration:   exact(span.Duration).Nanoseconds(),
			Attributes: map[string]any{},
			Events:     []string{},
		}
		if span.Kind != model.Undetermined {
			each.Kind = strings.ToLower(string(span.Kind))
		}
		if span.ParentID != nil {
			each.Parent = span.ParentID.String()
		}
		for key, value := range span.Tags {
			if key == "error" {
				each.Error = &value
			} else {
				each.Attributes[key] = value
			}
		}
		for _, annotation := range span.Annotations {
			each.Events = append(each.Events, annotation.Value)
		}
		sent.TraceID = span.TraceID.String()
		sent.Spans = append(sent.Spans, each)
	}
	return sent
}
