package report

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"uproar/bench/scenario"
)

// Sizes of a picture, in points.
const (
	chartWidth  = 720
	chartHeight = 360
	margin      = 10
)

// palette is close to Okabe and Ito's, which colour-blind readers tell apart; Uproar has the first.
var palette = []color.RGBA{
	{213, 94, 0, 255}, {0, 114, 178, 255}, {0, 158, 115, 255}, {204, 121, 167, 255},
	{230, 159, 0, 255}, {86, 180, 233, 255}, {90, 90, 90, 255}, {148, 103, 40, 255},
	{0, 0, 0, 255}, {140, 190, 60, 255}, {100, 60, 170, 255}, {190, 190, 190, 255},
}

// glyphs tell lines apart without colour.
var glyphs = []draw.GlyphDrawer{draw.CircleGlyph{}, draw.SquareGlyph{}, draw.TriangleGlyph{}, draw.CrossGlyph{},
	draw.RingGlyph{}, draw.PyramidGlyph{}, draw.BoxGlyph{}, draw.PlusGlyph{}}

func sans(size vg.Length) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
}

// drawSVG draws a chart, with its legend beside it so that nothing is hidden.
func drawSVG(c scenario.Chart) ([]byte, error) {
	if err := check(c); err != nil {
		return nil, fmt.Errorf("cannot draw chart %q: %w", c.Name, err)
	}
	height := vg.Length(chartHeight)
	panels := c.Bars && len(c.Series) > seriesMax
	if panels {
		height = vg.Length(len(c.Series)*panelBar + panelTitles)
	}
	canvas := vgsvg.New(chartWidth, height)
	area := draw.New(canvas)
	area.SetColor(color.White)
	area.Fill(area.Rectangle.Path())
	of := drawPlot
	if panels {
		of = drawPanels
	}
	if err := of(area, c); err != nil {
		return nil, fmt.Errorf("cannot draw chart %q: %w", c.Name, err)
	}
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("cannot write chart %q: %w", c.Name, err)
	}
	// Readers without Liberation have one of the same widths.
	return bytes.ReplaceAll(b.Bytes(), []byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;")), nil
}

// drawPlot draws lines, or bars side by side.
func drawPlot(area draw.Canvas, c scenario.Chart) error {
	p := plot.New()
	style(p, c)
	legend := plot.NewLegend()
	legend.TextStyle.Font = sans(11)
	legend.Top, legend.Left = true, true
	legend.Padding = vg.Points(4)
	add := addLines
	if c.Bars {
		add = addBars
	}
	if err := add(p, &legend, c); err != nil {
		return err
	}
	beside := legendWidth(legend.TextStyle, c.Series)
	p.Draw(draw.Crop(area, margin, -beside-2*margin, margin, -margin))
	legend.Draw(draw.Crop(area, chartWidth-beside-margin, -margin, 0, -40))
	return nil
}

var chartName = regexp.MustCompile(`^[A-Za-z0-9.-]+$`)

// check refuses what cannot be drawn.
func check(c scenario.Chart) error {
	if !chartName.MatchString(c.Name) {
		return fmt.Errorf("it is no name for a file")
	}
	if len(c.Series) == 0 || c.Bars && len(c.Ticks) == 0 {
		return fmt.Errorf("it has nothing to show")
	}
	for _, s := range c.Series {
		if len(s.X) != len(s.Y) || len(s.X) == 0 {
			return fmt.Errorf("series %q has %d x and %d y", s.Name, len(s.X), len(s.Y))
		}
		if c.LogY && slices.Min(s.Y) <= 0 {
			return fmt.Errorf("series %q has %v on a logarithmic axis", s.Name, slices.Min(s.Y))
		}
	}
	return nil
}

func legendWidth(s text.Style, series []scenario.Series) vg.Length {
	var width vg.Length
	for _, one := range series {
		width = max(width, s.Width(one.Name))
	}
	return width + 28 // the sample of the line, and a gap
}

// style sets texts, axes and grid.
func style(p *plot.Plot, c scenario.Chart) {
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = c.Title, c.X, c.Y
	p.Title.TextStyle.Font = sans(14)
	p.Title.Padding = vg.Points(8)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Label.TextStyle.Font = sans(12)
		axis.Label.Padding = vg.Points(4)
		axis.Tick.Label.Font = sans(10)
	}
	var ticks plot.ConstantTicks
	for _, t := range c.Ticks {
		ticks = append(ticks, plot.Tick{Value: t.At, Label: t.Label})
	}
	p.X.Tick.Marker = plot.TickerFunc(linearTicks)
	if ticks != nil {
		p.X.Tick.Marker = ticks
		p.X.Tick.Label.Font = sans(11)
	}
	p.Y.Tick.Marker = plot.TickerFunc(linearTicks)
	if c.LogY {
		p.Y.Tick.Marker = plot.TickerFunc(logTicks)
	}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{225}, color.Gray{225}
	if c.Bars {
		grid.Vertical.Color = nil
	}
	p.Add(grid)
}

func addLines(p *plot.Plot, legend *plot.Legend, c scenario.Chart) error {
	for i, s := range c.Series {
		points := make(plotter.XYs, len(s.X))
		for k := range s.X {
			points[k] = plotter.XY{X: s.X[k], Y: s.Y[k]}
			if c.LogY {
				points[k].Y = math.Log10(s.Y[k]) // not plot.LogScale, which misplaces the label of its axis
			}
		}
		line, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return err
		}
		line.Color, line.Width = palette[i%len(palette)], vg.Points(1.75)
		if len(c.Series) > seriesMax && i == 0 { // Uproar, among many
			line.Width = vg.Points(3)
		}
		dots.Color, dots.Shape, dots.Radius = line.Color, glyphs[i%len(glyphs)], vg.Points(3)
		if len(points) > 60 { // a long course is a line
			dots.Radius = 0
			p.Add(line)
			legend.Add(s.Name, line)
			continue
		}
		p.Add(line, dots)
		legend.Add(s.Name, line, dots)
	}
	span(p, c)
	return nil
}

// span leaves room around the data, and starts linear axes at 0.
func span(p *plot.Plot, c scenario.Chart) {
	if c.LogY {
		p.Y.Min, p.Y.Max = p.Y.Min-0.1, p.Y.Max+0.1
	} else {
		p.Y.Min, p.Y.Max = min(0, p.Y.Min), p.Y.Max*1.08
	}
	room := 0.03 * (p.X.Max - p.X.Min)
	if room == 0 {
		room = 0.5
	}
	p.X.Min, p.X.Max = p.X.Min-room, p.X.Max+room
}

// addBars draws a group of bars at each tick, each with its value above.
func addBars(p *plot.Plot, legend *plot.Legend, c scenario.Chart) error {
	group := (chartWidth - legendWidth(legend.TextStyle, c.Series) - 80) / vg.Length(len(c.Ticks))
	width := group * 0.8 / vg.Length(len(c.Series))
	for i, s := range c.Series {
		offset := width * (vg.Length(i) - vg.Length(len(c.Series)-1)/2)
		named := false
		for k, x := range s.X { // a bar each: a series may lack some groups
			bar, err := plotter.NewBarChart(plotter.Values{s.Y[k]}, width*0.94)
			if err != nil {
				return err
			}
			bar.XMin, bar.Offset, bar.Color = x, offset, palette[i%len(palette)]
			bar.LineStyle.Width = 0
			value, err := plotter.NewLabels(plotter.XYLabels{XYs: plotter.XYs{{X: x, Y: s.Y[k]}}, Labels: []string{significant(s.Y[k])}})
			if err != nil {
				return err
			}
			value.Offset = vg.Point{X: offset, Y: 2}
			value.TextStyle[0].Font = sans(min(10, max(6, width/2.4)))
			value.TextStyle[0].XAlign = text.XCenter
			p.Add(bar, value)
			if !named {
				named = true
				legend.Add(s.Name, bar)
			}
		}
	}
	p.Y.Min, p.Y.Max = 0, p.Y.Max*1.08
	p.X.Min, p.X.Max = -0.5, float64(len(c.Ticks))-0.5
	return nil
}

// significant writes a value with three digits, or all before the point.
func significant(x float64) string {
	decimals := 2
	switch {
	case x >= 100:
		decimals = 0
	case x >= 10:
		decimals = 1
	}
	return grouped(strconv.FormatFloat(x, 'f', decimals, 64))
}

// linearTicks are at round values, about six.
func linearTicks(low, high float64) []plot.Tick {
	step := math.Pow(10, math.Floor(math.Log10((high-low)/6)))
	for _, m := range []float64{1, 2, 5, 10} {
		if (high-low)/(step*m) <= 7 {
			step *= m
			break
		}
	}
	decimals := max(0, int(-math.Floor(math.Log10(step)+1e-9)))
	var ticks []plot.Tick
	for k := math.Ceil(low / step); k*step <= high; k++ {
		ticks = append(ticks, plot.Tick{Value: k * step, Label: grouped(strings.TrimPrefix(strconv.FormatFloat(k*step+0, 'f', decimals, 64), "-"))})
	}
	return ticks
}

// logTicks label 1, 2 and 5 times powers of ten on an axis of logarithms, over many
// decades powers alone.
func logTicks(low, high float64) []plot.Tick {
	labelled := "125"
	if high-low > 4 {
		labelled = "1"
	}
	var ticks []plot.Tick
	for power := math.Floor(low); power <= high; power++ {
		for digit := 1; digit < 10; digit++ {
			t := plot.Tick{Value: power + math.Log10(float64(digit))}
			if t.Value < low || t.Value > high {
				continue
			}
			if strings.Contains(labelled, strconv.Itoa(digit)) {
				t.Label = grouped(strconv.FormatFloat(float64(digit)*math.Pow(10, power), 'f', max(0, int(-power)), 64))
			}
			ticks = append(ticks, t)
		}
	}
	return ticks
}
