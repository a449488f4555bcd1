package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"uproar/core/chat"
	"uproar/core/clue"
	"uproar/core/store"
	"uproar/core/trace"
)

const (
	// bodyBytesMax fits store.TermsMax terms of store.TermBytesMax bytes, also from a client
	// that writes every character beyond ASCII as \uXXXX: at most 3 bytes for each of UTF-8.
	bodyBytesMax = 128 << 10
	// bodyTimeout is for a whole body to come.
	bodyTimeout = 5 * time.Second
	// retryAfterSeconds is what clients are told to wait while the store is away.
	retryAfterSeconds = "1"
)

// Store is what the API needs of shared state; see store.Store.
type Store interface {
	Fetch(ctx context.Context, b *store.Batch)
	Change(ctx context.Context, k store.Key, c store.Change) error
}

// api is the operators' API over JSON, for what no chat command sets. A record is read
// by GET and changed by PATCH as in RFC 7396: a field that is absent stays, null clears
// it. This edge obeys a change from its answer on, every other once its store's Watch has
// told it, within 100 ms. Its handlers run side by side; they own nothing.
type api struct {
	store   Store
	timeout time.Duration // of one call of the store
	changed func(store.Key)
	hot     func() []clue.HotRoom
	process string
	trace   *trace.Recorder // or nil
	log     *slog.Logger
}

// resource is one kind of record: which one a path names, what of it can be set, and
// how it is shown.
type resource struct {
	key    func(*http.Request) store.Key
	fields map[string]field
	view   func(*store.Read) any
}

// routes are the paths of the API; guard stands before them.
func (a *api) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/trace", a.traceLine)
	if a.store == nil {
		mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) {
			refuse(w, &refusal{http.StatusNotFound, "this process has no clue role: ask one that has, or want /api/trace?id=ID"})
		})
		return mux
	}
	mux.HandleFunc("/api/rooms/{room}", a.serve(&rooms))
	mux.HandleFunc("/api/rooms/{room}/members/{login}", a.serve(&members))
	mux.HandleFunc("/api/accounts/{login}", a.serve(&accounts))
	mux.HandleFunc("/api/hot", a.hotRooms)
	mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, &refusal{http.StatusNotFound, "no such path: want /api/rooms/{room}, /api/rooms/{room}/members/{login}, /api/accounts/{login}, /api/hot or /api/trace?id=ID"})
	})
	return mux
}

// refusal is an error with its HTTP status. The text says what to do.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return r.text }

func (a *api) serve(res *resource) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		k := res.key(r)
		err := validName(k)
		if err == nil {
			switch r.Method {
			case http.MethodGet, http.MethodHead:
			case http.MethodPatch:
				err = a.patch(w, r, k, res.fields)
			default:
				err = wrongMethod(w, "GET, HEAD, PATCH")
			}
		}
		var read *store.Read
		if err == nil {
			read, err = a.read(r.Context(), k)
		}
		if err != nil {
			refuse(w, err)
			return
		}
		reply(w, http.StatusOK, res.view(read))
	}
}

// wrongMethod refuses a method that a path does not have.
func wrongMethod(w http.ResponseWriter, allowed string) error {
	w.Header().Set("Allow", allowed)
	return &refusal{http.StatusMethodNotAllowed, "no such method here: want " + allowed}
}

// validName refuses what names no record.
func validName(k store.Key) error {
	for _, name := range []string{k.Room, k.Login} {
		if name != "" && !chat.ValidName([]byte(name)) {
			return &refusal{http.StatusBadRequest, fmt.Sprintf("cannot find %q: a room or login is 1 to %d of a-z, 0-9 and '_', and does not begin with '_'", name, chat.LoginBytesMax)}
		}
	}
	return nil
}

// patch changes the record k as the body says.
func (a *api) patch(w http.ResponseWriter, r *http.Request, k store.Key, fields map[string]field) error {
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	change, set, err := parsePatch(body, fields)
	if err != nil {
		return &refusal{http.StatusBadRequest, err.Error()}
	}
	if len(set) == 0 {
		return nil
	}
	if err := change.Validate(k); err != nil {
		return &refusal{http.StatusBadRequest, err.Error()}
	}
	ctx, cancel := context.WithTimeout(r.Context(), a.timeout)
	defer cancel()
	if err := a.store.Change(ctx, k, change); err != nil {
		if errors.Is(err, store.ErrFull) {
			return &refusal{http.StatusInsufficientStorage, err.Error()}
		}
		return &refusal{http.StatusServiceUnavailable, fmt.Sprintf("%v. It may have been made: send it again, twice does no harm", err)}
	}
	a.changed(k)
	// The message itself says what: the log folds those of one text.
	a.log.Info(fmt.Sprintf("the API changed %s: %s", k, strings.Join(set, ", ")), "from", r.RemoteAddr)
	return nil
}

// readBody returns the whole body, which says that it is JSON. What it does not read is
// bounded by the same time: net/http reads on after the answer.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyTimeout)) // net/http's own always can
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" && media != "application/merge-patch+json" {
		w.Header().Set("Accept-Patch", "application/merge-patch+json, application/json")
		return nil, &refusal{http.StatusUnsupportedMediaType, "cannot read the body: want Content-Type: application/json"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyBytesMax))
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return nil, &refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("cannot read the body: want at most %d bytes", bodyBytesMax)}
	case err != nil:
		return nil, &refusal{http.StatusRequestTimeout, fmt.Sprintf("cannot read the body within %v: %v", bodyTimeout, err)}
	case !utf8.Valid(body):
		return nil, &refusal{http.StatusBadRequest, "cannot read the body: want UTF-8"}
	}
	_ = control.SetReadDeadline(time.Time{}) // or the request would end with it
	return body, nil
}

// read fetches the record k as it is now.
func (a *api) read(ctx context.Context, k store.Key) (*store.Read, error) {
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	b := store.Batch{Reads: []store.Read{{Key: k}}}
	a.store.Fetch(ctx, &b)
	if err := b.Reads[0].Err; err != nil {
		return nil, &refusal{http.StatusServiceUnavailable, fmt.Sprintf("cannot read %s: %v. Try again", k, err)}
	}
	return &b.Reads[0], nil
}

// refuse answers with {"error": …}.
func refuse(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	var known *refusal
	if errors.As(err, &known) {
		status = known.status
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfterSeconds)
	}
	reply(w, status, map[string]string{"error": err.Error()})
}

func reply(w http.ResponseWriter, status int, value any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	_ = out.Encode(value) // the client may be gone
}
