package main

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/opentracing/opentracing-go"
	"github.com/opentracing/opentracing-go/ext"
	"github.com/opentracing/opentracing-go/log"
	"github.com/uber/jaeger-client-go"
	"github.com/uber/jaeger-client-go/transport"
	zipkinv1 "github.com/uber/jaeger-client-go/transport/zipkin"
)

func jaegerHTTP(target string) (Trace, error) {
	return jaegerTrace(func() (jaeger.Transport, error) {
		return transport.NewHTTPTransport(target + "/api/traces?format=jaeger.thrift"), nil
	}, jaeger.TracerOptions.Gen128Bit(true))
}

// jaegerUDP speaks to the agent's compact port, with ids of 64 bits.
func jaegerUDP(target string) (Trace, error) {
	return jaegerTrace(func() (jaeger.Transport, error) { return jaeger.NewUDPTransport(target, 0) })
}

// jaegerToZipkin sends Zipkin v1 in Thrift, where attributes are texts, and lets the server's span
// share the client's id.
func jaegerToZipkin(target string) (Trace, error) {
	sent, err := jaegerTrace(func() (jaeger.Transport, error) {
		return zipkinv1.NewHTTPTransport(target + "/api/v1/spans")
	}, jaeger.TracerOptions.ZipkinSharedRPCSpan(true))
	for _, span := range sent.Spans {
		for key, value := range span.Attributes {
			span.Attributes[key] = fmt.Sprint(value)
		}
	}
	return sent, err
}

func jaegerTrace(transport func() (jaeger.Transport, error), options ...jaeger.TracerOption) (Trace, error) {
	var sent Trace
	var closers []func() error
	// Each service has a transport of its own, as its process is sent once for all of a batch.
	tracer := func(service string) (opentracing.Tracer, error) {
		sender, err := transport()
		if err != nil {
			return nil, err
		}
		reporter := jaeger.NewCompositeReporter(
			jaegerRecorder{service, &sent},
			jaeger.NewRemoteReporter(sender, jaeger.ReporterOptions.Logger(jaeger.StdLogger)))
		tracer, closer := jaeger.NewTracer(service, jaeger.NewConstSampler(true), reporter, options...)
		closers = append(closers, closer.Close)
		return tracer, nil
	}
	front, err := tracer("front")
	if err != nil {
		return Trace{}, err
	}
	back, err := tracer("back")
	if err != nil {
		return Trace{}, err
	}
	err = jaegerCheckOut(front, back)
	for _, each := range closers {
		err = errors.Join(err, each())
	}
	return sent, err
}

func jaegerCheckOut(front, back opentracing.Tracer) error {
	root := front.StartSpan("checkout", opentracing.Tag{Key: "user.id", Value: "u-1"})
	defer root.Finish()
	client := front.StartSpan("get /charge", opentracing.ChildOf(root.Context()), ext.SpanKindRPCClient)
	defer client.Finish()
	var failed error
	inject := func(request *http.Request) {
		headers := opentracing.HTTPHeadersCarrier(request.Header)
		failed = front.Inject(client.Context(), opentracing.HTTPHeaders, headers)
	}
	err := call(inject, func(request *http.Request) {
		context, err := back.Extract(opentracing.HTTPHeaders, opentracing.HTTPHeadersCarrier(request.Header))
		if err != nil {
			failed = err
			return
		}
		server := back.StartSpan("get /charge", ext.RPCServerOption(context))
		defer server.Finish()
		charge := back.StartSpan("charge", opentracing.ChildOf(server.Context()))
		charge.LogFields(log.Event("retry"))
		charge.SetTag("otel.status_description", "card refused")
		ext.Error.Set(charge, true)
		charge.Finish()
	})
	return errors.Join(err, failed)
}

// jaegerRecorder keeps what is reported, before an exporter takes tags from it.
type jaegerRecorder struct {
	service string
	sent    *Trace
}

func (r jaegerRecorder) Close() {}

func (r jaegerRecorder) Report(span *jaeger.Span) {
	context := span.SpanContext()
	each := Span{
		ID:         context.SpanID().String(),
		Name:       span.OperationName(),
		Service:    r.service,
		Start:      span.StartTime().Truncate(time.Microsecond).UnixNano(),
		Duration:   span.Duration().Truncate(time.Microsecond).Nanoseconds(),
		Kind:       "unspecified",
		Attributes: map[string]any{},
		Events:     []string{},
	}
	if context.ParentID() != 0 {
		each.Parent = context.ParentID().String()
	}
	for key, value := range span.Tags() {
		switch key {
		case "span.kind":
			each.Kind = fmt.Sprint(value)
		case "otel.status_description":
			message := fmt.Sprint(value)
			each.Error = &message
		case "error":
		default:
			each.Attributes[key] = value
		}
	}
	for _, record := range span.Logs() {
		for _, field := range record.Fields {
			each.Events = append(each.Events, fmt.Sprint(field.Value()))
		}
	}
	r.sent.TraceID = context.TraceID().String()
	r.sent.Spans = append(r.sent.Spans, each)
}
