package report

import (
	"bytes"
	"embed"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"uproar/bench/scenario"
)

//go:embed *.tmpl
var templates embed.FS

// Where results are and what is rendered from them, below the root of the repository.
const (
	ResultsDir = "bench/results"
	Document   = "BENCHMARKS.md"
)

// page is what the template shows.
type page struct {
	Environment  string
	Sections     []*section
	Goals        string
	Losses       string
	History      string
	HistoryChart *picture
}

// section is all tables of one key.
type section struct {
	Title  string
	Help   string
	Note   string
	Tables []shown
}

type shown struct {
	Command string
	Source  string // when, at which commit, how often
	Text    string
	Zero    string // columns left out
	Remarks []string
	Charts  []picture
}

type picture struct{ Title, Path string }

// Render returns the content of every rendered file, by its path below the root.
func Render(entries []Entry) (map[string][]byte, error) {
	files := map[string][]byte{}
	order := make([]string, len(scenario.All))
	for i, s := range scenario.All {
		order[i] = s.Name
	}
	all := current(entries, order)
	t, err := template.ParseFS(templates, "*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("cannot parse the template of %q: %w", Document, err)
	}
	p := page{Environment: environments(all)}
	for _, r := range all {
		if err := p.add(r, t, files); err != nil {
			return nil, err
		}
	}
	judged, err := goals(all)
	if err != nil {
		return nil, err
	}
	p.Goals = goalTable(judged)
	p.Losses = "None.\n"
	if rows := losses(all); len(rows) > 0 {
		p.Losses = markdown([]string{"scenario", "load", "target", "figure", "Uproar's", "best", "its figure", "times"}, rows)
	}
	if err := p.addHistory(entries, files); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "benchmarks.md.tmpl", p); err != nil {
		return nil, fmt.Errorf("cannot render %q: %w", Document, err)
	}
	files[Document] = b.Bytes()
	return files, nil
}

// add shows some runs, in the section of their key.
func (p *page) add(r runs, t *template.Template, files map[string][]byte) error {
	key := r.last().key()
	var s *section
	if n := len(p.Sections); n > 0 && p.Sections[n-1].Title == key {
		s = p.Sections[n-1]
	} else {
		s = &section{Title: key}
		if known, err := scenario.Find(r.last().Scenario); err == nil {
			s.Help = known.Help
		}
		if note := t.Lookup(r.last().Scenario); note != nil {
			var b strings.Builder
			if err := note.Execute(&b, nil); err != nil {
				return fmt.Errorf("cannot render the note of %q: %w", key, err)
			}
			s.Note = b.String()
		}
		p.Sections = append(p.Sections, s)
	}
	r = r.alike()
	table := newTable(r)
	one := shown{Command: r.last().Command, Source: source(r), Text: markdown(table.header, table.rows), Zero: strings.Join(table.zero, ", ")}
	for _, e := range r {
		for _, remark := range append(slices.Clone(e.Remarks), e.Origin) {
			if remark != "" && !slices.Contains(one.Remarks, remark) {
				one.Remarks = append(one.Remarks, remark)
			}
		}
	}
	drawn, err := charts(r)
	if err != nil {
		return err
	}
	prefix := key
	if n := len(s.Tables); n > 0 { // another command of the same key
		prefix = fmt.Sprintf("%s-%d", key, n+1)
	}
	for _, c := range drawn {
		c.Name = prefix + "-" + c.Name
		pic, err := addChart(c, files)
		if err != nil {
			return err
		}
		one.Charts = append(one.Charts, pic)
	}
	s.Tables = append(s.Tables, one)
	return nil
}

// addChart draws a chart into files.
func addChart(c scenario.Chart, files map[string][]byte) (picture, error) {
	path := ResultsDir + "/" + c.Name + ".svg"
	if _, taken := files[path]; taken {
		return picture{}, fmt.Errorf("cannot draw two charts into %q", path)
	}
	svg, err := drawSVG(c)
	files[path] = svg
	return picture{c.Title, path}, err
}

// source says when and at which commit runs were measured, and how many they are.
func source(r runs) string {
	return fmt.Sprintf(": commit %s, %s, n = %d", r.last().Environment.Commit, r.last().Environment.Time.Format("2006-01-02"), len(r))
}

// environments is a table of the machines that the runs were measured on.
func environments(all []runs) string {
	var rows [][]string
	for _, r := range all {
		e := r.last().Environment
		cells := []string{e.CPU, fmt.Sprint(e.Cores), grouped(fmt.Sprint(e.MemoryMB)), e.Kernel, e.Go}
		i := slices.IndexFunc(rows, func(row []string) bool { return slices.Equal(row[:len(cells)], cells) })
		if i < 0 {
			i = len(rows)
			rows = append(rows, append(cells, ""))
		}
		named := strings.Split(rows[i][len(cells)], ", ")
		if !slices.Contains(named, r.last().key()) {
			rows[i][len(cells)] = strings.TrimPrefix(rows[i][len(cells)]+", "+r.last().key(), ", ")
		}
	}
	return markdown([]string{"CPU", "cores", "memory MB", "kernel", "Go", "tables"}, rows)
}

func (p *page) addHistory(entries []Entry, files map[string][]byte) error {
	followed, err := moments(entries)
	if err != nil {
		return err
	}
	header, rows := historyTable(followed)
	p.History = markdown(header, rows)
	if c, ok := historyChart(followed); ok {
		pic, err := addChart(c, files)
		if err != nil {
			return err
		}
		p.HistoryChart = &pic
	}
	return nil
}

// stale returns the rendered files below root that have no data any more.
func stale(root string, files map[string][]byte) ([]string, error) {
	svgs, err := filepath.Glob(filepath.Join(root, ResultsDir, "*.svg"))
	if err != nil {
		return nil, fmt.Errorf("cannot list charts in %q: %w", root, err)
	}
	return slices.DeleteFunc(svgs, func(path string) bool {
		_, wanted := files[ResultsDir+"/"+filepath.Base(path)]
		return wanted
	}), nil
}

// Write renders the results below root and removes charts that have no data any more.
func Write(root string) error {
	entries, err := Read(filepath.Join(root, ResultsDir))
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		return fmt.Errorf("cannot find results in %q: run it at the root of the repository", filepath.Join(root, ResultsDir))
	}
	files, err := Render(entries)
	if err != nil {
		return err
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(filepath.Join(root, path), files[path], 0o644); err != nil {
			return fmt.Errorf("cannot write %q: %w", path, err)
		}
	}
	old, err := stale(root, files)
	if err != nil {
		return err
	}
	for _, path := range old {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("cannot remove %q: %w", path, err)
		}
	}
	return nil
}
