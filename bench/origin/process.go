package origin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"time"

	"uproar/bench/target"
)

var ready = regexp.MustCompile(`^ready origin=(\S+)`)

// askTimeout bounds one question to an origin.
const askTimeout = 5 * time.Second

// Origin is a running one. Whoever starts it calls Stop.
type Origin struct {
	*target.Process
	Addr string
}

// Start runs an origin, as a process that dies with this one.
func Start(ctx context.Context, c Config) (*Origin, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cannot find this program: %w", err)
	}
	config, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("cannot encode the configuration of an origin: %w", err)
	}
	p, m, err := target.StartProcess(ctx, "origin", path, []string{argument, string(config)}, ready)
	if err != nil {
		return nil, err
	}
	return &Origin{p, m[1]}, nil
}

// Publish has the segment of that number be the newest.
func (o *Origin) Publish(ctx context.Context, head int64) error {
	return o.ask(ctx, fmt.Sprintf("publish?head=%d", head), nil)
}

// Records are what became of every path that was asked for, by path with query.
func (o *Origin) Records(ctx context.Context) (map[string]Record, error) {
	var all map[string]Record
	return all, o.ask(ctx, "records", &all)
}

func (o *Origin) ask(ctx context.Context, what string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+o.Addr+controlPrefix+what, nil)
	if err != nil {
		return fmt.Errorf("cannot ask the origin for %q: %w", what, err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("cannot ask the origin for %q: %w", what, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("cannot ask the origin for %q: %s", what, answer.Status)
	}
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		return fmt.Errorf("cannot read what the origin says of %q: %w", what, err)
	}
	return nil
}
