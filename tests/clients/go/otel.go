package main

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/exporters/zipkin"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

func otlpGRPC(target string) (Trace, error) {
	return openTelemetry(func(ctx context.Context) (sdk.SpanExporter, error) {
		return otlptracegrpc.New(ctx, otlptracegrpc.WithEndpointURL(target))
	})
}

func otlpHTTP(target string) (Trace, error) {
	return openTelemetry(func(ctx context.Context) (sdk.SpanExporter, error) {
		return otlptracehttp.New(ctx,
			otlptracehttp.WithEndpointURL(target+"/v1/traces"),
			otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
	})
}

func otelZipkin(target string) (Trace, error) {
	sent, err := openTelemetry(func(context.Context) (sdk.SpanExporter, error) {
		return zipkin.New(target + "/api/v2/spans")
	})
	for i := range sent.Spans {
		span := &sent.Spans[i]
		span.Start = time.Unix(0, span.Start).Round(time.Microsecond).UnixNano()
		span.Duration = zipkinRounded(time.Duration(span.Duration)).Nanoseconds()
	}
	return sent, err
}

// spanRecorder keeps the spans that ended.
type spanRecorder struct {
	lock  sync.Mutex
	spans []sdk.ReadOnlySpan
}

func (r *spanRecorder) OnStart(context.Context, sdk.ReadWriteSpan) {}

func (r *spanRecorder) OnEnd(span sdk.ReadOnlySpan) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.spans = append(r.spans, span)
}

func (r *spanRecorder) Shutdown(context.Context) error   { return nil }
func (r *spanRecorder) ForceFlush(context.Context) error { return nil }

func openTelemetry(exporter func(context.Context) (sdk.SpanExporter, error)) (Trace, error) {
	ctx := context.Background()
	recorder := &spanRecorder{}
	provider := func(service string) (*sdk.TracerProvider, error) {
		exporter, err := exporter(ctx)
		if err != nil {
			return nil, err
		}
		return sdk.NewTracerProvider(
			sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", service))),
			sdk.WithSpanProcessor(recorder),
			sdk.WithBatcher(exporter),
		), nil
	}
	front, err := provider("front")
	if err != nil {
		return Trace{}, err
	}
	back, err := provider("back")
	if err != nil {
		return Trace{}, err
	}
	err = checkOut(front.Tracer("shop"), back.Tracer("shop"))
	err = errors.Join(err, front.Shutdown(ctx), back.Shutdown(ctx))
	return sentByOpenTelemetry(recorder.spans), err
}

func checkOut(front, back trace.Tracer) error {
	headers := propagation.TraceContext{}
	ctx, root := front.Start(context.Background(), "checkout",
		trace.WithAttributes(attribute.String("user.id", "u-1")))
	defer root.End()
	ctx, client := front.Start(ctx, "get /charge", trace.WithSpanKind(trace.SpanKindClient))
	defer client.End()
	inject := func(request *http.Request) {
		headers.Inject(ctx, propagation.HeaderCarrier(request.Header))
	}
	return call(inject, func(request *http.Request) {
		ctx := headers.Extract(request.Context(), propagation.HeaderCarrier(request.Header))
		ctx, server := back.Start(ctx, "get /charge", trace.WithSpanKind(trace.SpanKindServer))
		defer server.End()
		_, charge := back.Start(ctx, "charge")
		charge.AddEvent("retry")
		charge.SetStatus(codes.Error, "card refused")
		charge.End()
	})
}

func sentByOpenTelemetry(spans []sdk.ReadOnlySpan) Trace {
	var sent Trace
	for _, span := range spans {
		context := span.SpanContext()
		service, _ := span.Resource().Set().Value("service.name")
		each := Span{
			ID:         context.SpanID().String(),
			Name:       span.Name(),
			Service:    service.AsString(),
			Kind:       span.SpanKind().String(),
			Start:      span.StartTime().UnixNano(),
			Duration:   span.EndTime().Sub(span.StartTime()).Nanoseconds(),
			Attributes: map[string]any{},
			Events:     []string{},
		}
		if status := span.Status(); status.Code == codes.Error {
			each.Error = &status.Description
		}
		if span.Parent().IsValid() {
			each.Parent = span.Parent().SpanID().String()
		}
		for _, attribute := range span.Attributes() {
			each.Attributes[string(attribute.Key)] = attribute.Value.AsInterface()
		}
		for _, event := range span.Events() {
			each.Events = append(each.Events, event.Name)
		}
		sent.TraceID = context.TraceID().String()
		sent.Spans = append(sent.Spans, each)
	}
	return sent
}
