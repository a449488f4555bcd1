package m3u8

// Master is a multivariant playlist.
type Master struct {
	Version     int // 0: none
	Independent bool
	Lines       []string  // tags that are neither a variant nor a rendition, as they stand
	Renditions  []Variant // EXT-X-MEDIA, in order; URI is empty where there is none
	Variants    []Variant // EXT-X-STREAM-INF, in order
	IFrames     []Variant // EXT-X-I-FRAME-STREAM-INF, in order
}

// Variant is one media playlist that a multivariant one lists.
type Variant struct {
	URI   string
	Attrs Attrs // without URI
}

// Bandwidth is the peak in bits/s; 0 when it is not given.
func (v *Variant) Bandwidth() int64 {
	n, _ := v.Attrs.number("BANDWIDTH", 0)
	return n
}

// masterTags are the tags that make a playlist a multivariant one, section 4.4.6.
var masterTags = map[string]func(p *masterParser, value string) *Error{
	"#EXT-X-STREAM-INF":         takeVariant,
	"#EXT-X-MEDIA":              takeRendition,
	"#EXT-X-I-FRAME-STREAM-INF": takeIFrameVariant,
	"#EXT-X-SESSION-DATA":       takeMasterLine,
	"#EXT-X-SESSION-KEY":        takeMasterLine,
	"#EXT-X-CONTENT-STEERING":   takeMasterLine,
}

type masterParser struct {
	*scanner
	m       *Master
	waiting bool // the last variant has no URI yet
	once    uint16
}

// IsMaster says whether a playlist that is one is a multivariant one: whether a tag of section
// 4.4.6 comes before any of a media playlist.
func IsMaster(b []byte) bool {
	s, err := newScanner(b)
	if err != nil {
		return false
	}
	for {
		ok, err := s.next()
		if err != nil || !ok || s.text[0] != '#' {
			return false
		}
		name, _, _ := s.tag()
		if _, ok := masterTags[name]; ok {
			return true
		}
	}
}

// ParseMaster reads a multivariant playlist. The error is an *Error. The result holds one
// copy of the text and nothing of b.
func ParseMaster(b []byte) (*Master, error) {
	s, err := newScanner(b)
	if err != nil {
		return nil, err
	}
	p := masterParser{scanner: s, m: &Master{}}
	if err := s.each(p.take); err != nil {
		return nil, err
	}
	if p.waiting {
		return nil, s.at(fault("EXT-X-STREAM-INF without a URI"))
	}
	return p.m, nil
}

func (p *masterParser) take() *Error {
	if p.text[0] != '#' {
		if !p.waiting {
			return fault("a URI without EXT-X-STREAM-INF")
		}
		p.waiting = false
		p.m.Variants[len(p.m.Variants)-1].URI = p.text
		return checkURI(p.text)
	}
	if p.waiting {
		return fault("EXT-X-STREAM-INF is not followed by a URI")
	}
	name, value, _ := p.tag()
	if take, ok := masterTags[name]; ok {
		return take(p, value)
	}
	tag, known := mediaTags[name]
	switch {
	case name == "#EXTM3U":
		return fault("a second #EXTM3U")
	case known && name != "#EXT-X-DEFINE" && tag.once&(onceVersion|onceIndependent|onceStart) == 0:
		return fault("%s has no place in a multivariant playlist", name)
	case p.once&tag.once != 0:
		return fault("a second %s", name)
	}
	p.once |= tag.once
	switch tag.once {
	case onceVersion:
		var err *Error
		p.m.Version, err = parseVersion(value)
		return err
	case onceIndependent:
		p.m.Independent = true
		return nil
	}
	return takeMasterLine(p, value)
}

func takeMasterLine(p *masterParser, _ string) *Error {
	if len(p.m.Lines) == headMax {
		return fault("more than %d lines of their kind", headMax)
	}
	p.m.Lines = append(p.m.Lines, p.text)
	return nil
}

func takeVariant(p *masterParser, value string) *Error {
	list, err := parseAttrs(value)
	if err != nil {
		return err
	}
	if n, err := list.number("BANDWIDTH", 0); err != nil || n == 0 {
		return fault("EXT-X-STREAM-INF without BANDWIDTH")
	}
	if _, ok := list.raw("URI"); ok {
		return fault("EXT-X-STREAM-INF with an attribute URI")
	}
	p.waiting = true
	return p.add(&p.m.Variants, Variant{Attrs: list})
}

func takeIFrameVariant(p *masterParser, value string) *Error {
	v, err := splitVariant(value)
	if err != nil {
		return err
	}
	if v.URI == "" {
		return fault("EXT-X-I-FRAME-STREAM-INF without URI")
	}
	return p.add(&p.m.IFrames, v)
}

func takeRendition(p *masterParser, value string) *Error {
	v, err := splitVariant(value)
	if err != nil {
		return err
	}
	for _, name := range []string{"TYPE", "GROUP-ID", "NAME"} {
		if v.Attrs.Get(name) == "" {
			return fault("EXT-X-MEDIA without %s", name)
		}
	}
	return p.add(&p.m.Renditions, v)
}

func (p *masterParser) add(to *[]Variant, v Variant) *Error {
	if len(*to) == variantsMax {
		return fault("more than %d playlists of one kind", variantsMax)
	}
	*to = append(*to, v)
	return nil
}

// splitVariant takes the URI out of the attributes.
func splitVariant(value string) (Variant, *Error) {
	list, err := parseAttrs(value)
	if err != nil {
		return Variant{}, err
	}
	v := Variant{Attrs: make(Attrs, 0, len(list))}
	for _, a := range list {
		if a.Name != "URI" {
			v.Attrs = append(v.Attrs, a)
			continue
		}
		if v.URI, err = list.text("URI"); err != nil {
			return Variant{}, err
		}
		if err := checkURI(v.URI); err != nil {
			return Variant{}, err
		}
	}
	return v, nil
}

// AppendMaster appends the text of a multivariant playlist.
func AppendMaster(dst []byte, m *Master) []byte {
	dst = appendLine(dst, "#EXTM3U")
	if m.Version > 0 {
		dst = append(appendInt(dst, "#EXT-X-VERSION:", int64(m.Version)), '\n')
	}
	if m.Independent {
		dst = appendLine(dst, "#EXT-X-INDEPENDENT-SEGMENTS")
	}
	for _, line := range m.Lines {
		dst = appendLine(dst, line)
	}
	for i := range m.Renditions {
		dst = appendVariant(dst, "#EXT-X-MEDIA:", &m.Renditions[i])
	}
	for i := range m.Variants {
		v := Variant{Attrs: m.Variants[i].Attrs}
		dst = appendVariant(dst, "#EXT-X-STREAM-INF:", &v)
		dst = appendLine(dst, m.Variants[i].URI)
	}
	for i := range m.IFrames {
		dst = appendVariant(dst, "#EXT-X-I-FRAME-STREAM-INF:", &m.IFrames[i])
	}
	return dst
}

func appendVariant(dst []byte, tag string, v *Variant) []byte {
	dst = append(dst, tag...)
	for i, a := range v.Attrs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, a.Name...), '='), a.Value...)
	}
	if v.URI != "" {
		if len(v.Attrs) > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, `URI="`...), v.URI...), '"')
	}
	return append(dst, '\n')
}
