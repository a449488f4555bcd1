package admin

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"testing"

	"uproar/core/trace"
)

func TestHopsOfALineAreShown(t *testing.T) {
	const id = "b34ccfc7-4977-403a-8a94-33c6bac34fb8"
	rec := trace.New()
	rec.Note(trace.Received, id)
	rec.Note(trace.Delivered, id)
	p := serveConfig(t, Config{Addr: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler), Process: "edge 7", Trace: rec})
	resp, body := p.ask("GET", "/api/trace?id="+id, "")
	var got traceRecord
	if err := json.Unmarshal([]byte(body), &got); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status, body, err)
	}
	if got.Process != "edge 7" || got.ID != id || len(got.Hops) != 2 || got.Hops[0].Hop != "received" || got.Hops[1].Hop != "delivered" {
		t.Errorf("%s", body)
	}
	p.want("GET", "/api/trace?id=11111111-2222-4333-8444-555555555555", "",
		`{"process":"edge 7","id":"11111111-2222-4333-8444-555555555555","hops":[]}`)
	p.wantRefusal(400, "?id=ID", "GET", "/api/trace", "")
	p.wantRefusal(405, "GET", "POST", "/api/trace?id="+id, "{}")
	p.wantRefusal(404, "no clue role", "GET", "/api/rooms/ann", "")
}

func TestTraceIsOffUnlessAskedFor(t *testing.T) {
	p := serve(t, memory(t), "127.0.0.1:0")
	p.wantRefusal(404, "--trace", "GET", "/api/trace?id=b34ccfc7-4977-403a-8a94-33c6bac34fb8", "")
}
