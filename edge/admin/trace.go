package admin

import (
	"net/http"

	"github.com/google/uuid"

	"uproar/core/trace"
)

type traceRecord struct {
	Process string          `json:"process"`
	ID      string          `json:"id"`
	Hops    []trace.Passage `json:"hops"` // the oldest first; none if the line did not pass here, or it is forgotten
}

// traceLine tells by which hops a line has passed in this process.
func (a *api) traceLine(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		refuse(w, wrongMethod(w, "GET, HEAD"))
		return
	}
	if a.trace == nil {
		refuse(w, &refusal{http.StatusNotFound, "this process keeps no hops: start it with --trace"})
		return
	}
	id, err := uuid.Parse(r.URL.Query().Get("id"))
	if err != nil {
		refuse(w, &refusal{http.StatusBadRequest, "want ?id=ID, with the id tag of a line"})
		return
	}
	hops := a.trace.Of(id.String())
	if hops == nil {
		hops = []trace.Passage{}
	}
	reply(w, http.StatusOK, traceRecord{a.process, id.String(), hops})
}
