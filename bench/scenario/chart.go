package scenario

// Chart is what a report draws: lines through points, or bars side by side. It is data,
// kept beside the Result, so that a drawing can change without a new measurement.
type Chart struct {
	Name   string   `json:"name"`            // of the file, after the scenario's: letters, digits, '-'
	Title  string   `json:"title"`           // says what and under which load
	X      string   `json:"x"`               // axis, with its unit
	Y      string   `json:"y"`               // axis, with its unit
	LogY   bool     `json:"log_y,omitempty"` // values must be above 0
	Bars   bool     `json:"bars,omitempty"`  // X counts groups: 0, 1, 2...
	Ticks  []Tick   `json:"ticks,omitempty"` // of X; none: numbers
	Series []Series `json:"series"`
}

// Tick is a label on the X axis.
type Tick struct {
	At    float64 `json:"at"`
	Label string  `json:"label"`
}

// Series is one line, or one bar in each group.
type Series struct {
	Name string    `json:"name"`
	X    []float64 `json:"x"`
	Y    []float64 `json:"y"` // as many as X
}

// Charter is a Result with pictures of its own.
type Charter interface {
	Charts() []Chart
}
