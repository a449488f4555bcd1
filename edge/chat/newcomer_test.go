package chat

import (
	"strings"
	"testing"

	"uproar/core/chat"
)

func TestNewcomersAreTagged(t *testing.T) {
	for _, tc := range []struct {
		first, returning bool
		want             []string
	}{
		{false, false, []string{";first-msg=0;", ";returning-chatter=0;"}},
		{true, false, []string{";first-msg=1;", ";returning-chatter=0;"}},
		{false, true, []string{";first-msg=0;", ";returning-chatter=1;"}},
	} {
		m := &chat.Message{User: &chat.User{Login: "ann"}, First: tc.first, Returning: tc.returning}
		line := string(appendPrivmsg(nil, &texts{}, m, capTags))
		for _, part := range tc.want {
			if !strings.Contains(line, part) {
				t.Errorf("first %v, returning %v: %q lacks %q", tc.first, tc.returning, line, part)
			}
		}
	}
}
