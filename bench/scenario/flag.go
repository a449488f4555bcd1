package scenario

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
)

// Row is one cell of a grid: as a flag "1000x200".
type Row struct {
	Members int     `json:"members"`
	Rate    float64 `json:"rate"` // lines a second into the room
}

func (r Row) String() string { return fmt.Sprintf("%dx%v", r.Members, r.Rate) }

// ParseRow reads what String writes.
func ParseRow(text string) (Row, error) {
	members, rate, _ := strings.Cut(text, "x")
	n, err := strconv.Atoi(members)
	if err != nil || n < 1 {
		return Row{}, fmt.Errorf("cannot parse row %q: want MEMBERSxLINES, such as 1000x200", text)
	}
	r, err := strconv.ParseFloat(rate, 64)
	if err != nil || !(r > 0) {
		return Row{}, fmt.Errorf("cannot parse row %q: want MEMBERSxLINES, such as 1000x200", text)
	}
	return Row{Members: n, Rate: r}, nil
}

// Decode is kong's: not UnmarshalText, which would change the JSON too.
func (r *Row) Decode(c *kong.DecodeContext) error {
	var text string
	if err := c.Scan.PopValueInto("row", &text); err != nil {
		return err
	}
	var err error
	*r, err = ParseRow(text)
	return err
}

// Size is a number of bytes: as a flag "64MB" or "500KB", of 1,024 each, or "64".
type Size int64

// String is the size for a reader: "100 KB".
func (s Size) String() string {
	switch {
	case s >= 1<<20 && s%(1<<20) == 0:
		return fmt.Sprintf("%d MB", s>>20)
	case s >= 1<<10 && s%(1<<10) == 0:
		return fmt.Sprintf("%d KB", s>>10)
	}
	return fmt.Sprintf("%d B", int64(s))
}

// ParseSize reads a Size as a flag gives it.
func ParseSize(text string) (Size, error) {
	number, unit := text, int64(1)
	if n, ok := strings.CutSuffix(text, "MB"); ok {
		number, unit = n, 1<<20
	} else if n, ok := strings.CutSuffix(text, "KB"); ok {
		number, unit = n, 1<<10
	}
	n, err := strconv.ParseInt(number, 10, 40)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("cannot parse size %q: want 1 or more, such as 500KB or 64MB", text)
	}
	return Size(n * unit), nil
}

// Decode is kong's.
func (s *Size) Decode(c *kong.DecodeContext) error {
	var text string
	if err := c.Scan.PopValueInto("size", &text); err != nil {
		return err
	}
	var err error
	*s, err = ParseSize(text)
	return err
}
