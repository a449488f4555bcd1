package main

import (
	"log/slog"
	"sync"
	"time"
)

// outages logs when a part of the store fails, and when it is well again: two lines for
// each outage, however many calls fail. Its parts tell it from any goroutine.
type outages struct {
	log *slog.Logger
	mu  struct {
		sync.Mutex
		since map[string]time.Time // by what fails
	}
}

func newOutages(log *slog.Logger) *outages {
	o := &outages{log: log}
	o.mu.since = map[string]time.Time{}
	return o
}

// redis is a redisstore.Config.OnState. The message names the server: the log folds what
// has the same text. Only a process with clients delivers lines by itself meanwhile.
func (o *outages) redis(clients bool) func(server string, away bool, cause error) {
	meanwhile := "until it is back, nobody may speak in the rooms for which this process decides"
	if clients {
		meanwhile = "until it is back, only those may speak whom this process knows by then"
	}
	return func(server string, away bool, cause error) { o.tell("redis "+server, away, cause, meanwhile) }
}

func (o *outages) tell(what string, failing bool, cause error, meanwhile string) {
	o.mu.Lock()
	began, known := o.mu.since[what]
	if failing {
		o.mu.since[what] = time.Now()
	} else {
		delete(o.mu.since, what)
	}
	o.mu.Unlock()
	switch {
	case failing:
		o.log.Error(what+" fails: "+meanwhile, "error", cause)
	case known:
		o.log.Info(what+" is well again", "after", time.Since(began).Round(time.Millisecond))
	}
}
