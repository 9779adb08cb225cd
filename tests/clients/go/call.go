package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
)

// call makes one real HTTP request: `inject` fills its headers, `serve` handles it.
func call(inject func(*http.Request), serve func(*http.Request)) error {
	back := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		serve(request)
		writer.WriteHeader(http.StatusPaymentRequired)
	}))
	defer back.Close()
	request, err := http.NewRequest(http.MethodGet, back.URL+"/charge", nil)
	if err != nil {
		return err
	}
	inject(request)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusPaymentRequired {
		return fmt.Errorf("the service answered %s", answer.Status)
	}
	return answer.Body.Close()
}
