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
	Environment string
	Peers       string
	Sections    []*section
	Goals       string
	Losses      []lossTable
	History     []shownCourse
}

type shownCourse struct {
	Title, Unit, Text string
	Chart             *picture
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
	Source  string   // when, at which commit, how often
	Compare []string // the same by target and load, when there are many
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
	p := page{Environment: environments(all), Peers: peerTable(all), Losses: losses(all)}
	for _, r := range all {
		if err := p.add(r, t, files); err != nil {
			return nil, err
		}
	}
	if err := p.addSizes(all, files); err != nil {
		return nil, err
	}
	judged, err := goals(all)
	if err != nil {
		return nil, err
	}
	p.Goals = goalTable(judged)
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

// compared are the columns that a reader of many targets wants side by side.
var compared = []string{"CPU us/delivery", "CPU us/answer", "p99 ms"}

// add shows some runs, in the section of their key.
func (p *page) add(r runs, t *template.Template, files map[string][]byte) error {
	key := r.last().key()
	var s *section
	if n := len(p.Sections); n > 0 && p.Sections[n-1].Title == key {
		s = p.Sections[n-1]
	} else {
		s = &section{Title: key}
		if known, err := scenario.Find(r.last().Scenario); err == nil && !strings.HasSuffix(key, "-bench") {
			s.Help = known.Help
		}
		note := t.Lookup(key)
		if strings.HasPrefix(key, "peers-") {
			note = t.Lookup(r.last().Scenario)
		}
		if note != nil {
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
	if f, ok := fieldOf(r); ok && f.crowded() {
		for _, column := range compared {
			if slices.Contains(r.last().Header, column) {
				one.Compare = append(one.Compare, f.matrix(column))
			}
		}
	}
	for _, e := range r {
		for _, remark := range append(slices.Clone(e.Remarks), e.Origin) {
			if remark != "" && !slices.Contains(one.Remarks, remark) && !namesPeer(e, remark) {
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

// namesPeer says whether a remark is what the table of servers beside Uproar says already.
func namesPeer(e Entry, remark string) bool {
	return slices.ContainsFunc(e.Peers, func(p scenario.Peer) bool { return strings.HasPrefix(remark, p.Name+" is ") })
}

// addSizes shows what a member costs by how many there are, behind the last table of the
// scenario that was run in several sizes.
func (p *page) addSizes(all []runs, files map[string][]byte) error {
	c, ok, err := sizesChart(all)
	if err != nil || !ok {
		return err
	}
	pic, err := addChart(c, files)
	if err != nil {
		return err
	}
	for _, s := range p.Sections {
		if s.Title == "million" {
			last := &s.Tables[len(s.Tables)-1]
			last.Charts = append(last.Charts, pic)
		}
	}
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
	courses, err := follow(entries)
	if err != nil {
		return err
	}
	for _, c := range courses {
		shown := shownCourse{Title: c.title, Unit: c.unit, Text: c.table()}
		if drawn, ok := c.chart(); ok {
			pic, err := addChart(drawn, files)
			if err != nil {
				return err
			}
			shown.Chart = &pic
		}
		p.History = append(p.History, shown)
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
