package report

import (
	"image/color"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"uproar/bench/scenario"
)

// seriesMax is how many bars side by side can be told apart by colour. More become
// panels, with each name beside its bar.
const seriesMax = 4

// Sizes of panels, in points.
const (
	panelBar    = 20 // height of a bar and its gap
	panelTitles = 90
)

// Colours of who was measured: Uproar, the ruler, everybody else.
var (
	ours   = palette[0]
	ruler  = color.RGBA{150, 150, 150, 255}
	theirs = palette[1]
)

func colorOf(target string) color.RGBA {
	switch {
	case strings.HasPrefix(target, "uproar"):
		return ours
	case strings.HasPrefix(target, "bare"):
		return ruler
	}
	return theirs
}

// drawPanels draws a panel for each group of a chart of bars. Each has a scale of its
// own: groups differ by more than what is to be seen within one.
func drawPanels(area draw.Canvas, c scenario.Chart) error {
	row := make([]*plot.Plot, len(c.Ticks))
	for i, tick := range c.Ticks {
		p, err := panel(c, tick, i == 0)
		if err != nil {
			return err
		}
		row[i] = p
	}
	title := text.Style{Color: color.Black, Font: sans(14), XAlign: text.XCenter, YAlign: text.YTop, Handler: plot.DefaultTextHandler}
	area.FillText(title, vg.Point{X: area.Center().X, Y: area.Max.Y - margin}, c.Title+", "+c.Y)
	tiles := draw.Tiles{Rows: 1, Cols: len(row), PadLeft: margin, PadRight: margin, PadBottom: margin, PadTop: 36, PadX: margin}
	for i, canvas := range plot.Align([][]*plot.Plot{row}, tiles, area)[0] {
		row[i].Draw(canvas)
	}
	return nil
}

// panel is one group: a bar for each series, the first on top.
func panel(c scenario.Chart, at scenario.Tick, names bool) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text, p.Title.TextStyle.Font, p.Title.Padding = at.Label, sans(11), vg.Points(4)
	p.X.Tick.Marker, p.X.LineStyle.Width = plot.TickerFunc(func(float64, float64) []plot.Tick { return nil }), 0
	var ticks plot.ConstantTicks
	for i, s := range c.Series {
		place, label := float64(len(c.Series)-1-i), s.Name
		if !names {
			label = ""
		}
		ticks = append(ticks, plot.Tick{Value: place, Label: label})
		for k, x := range s.X {
			if x != at.At {
				continue
			}
			if err := addPanelBar(p, place, s.Y[k], colorOf(s.Name)); err != nil {
				return nil, err
			}
		}
	}
	p.Y.Tick.Marker, p.Y.Tick.Label.Font, p.Y.Tick.Length = ticks, sans(11), 0
	p.X.Min, p.X.Max = 0, max(p.X.Max, 1e-9)*1.3 // the longest bar's value has room
	p.Y.Min, p.Y.Max = -0.5, float64(len(c.Series))-0.5
	return p, nil
}

func addPanelBar(p *plot.Plot, place, value float64, of color.Color) error {
	bar, err := plotter.NewBarChart(plotter.Values{value}, panelBar*0.7)
	if err != nil {
		return err
	}
	bar.Horizontal, bar.XMin, bar.Color, bar.LineStyle.Width = true, place, of, 0
	label, err := plotter.NewLabels(plotter.XYLabels{XYs: plotter.XYs{{X: value, Y: place}}, Labels: []string{significant(value)}})
	if err != nil {
		return err
	}
	label.Offset = vg.Point{X: 3, Y: 1}
	label.TextStyle[0].Font, label.TextStyle[0].YAlign = sans(10), text.YCenter
	p.Add(bar, label)
	return nil
}
