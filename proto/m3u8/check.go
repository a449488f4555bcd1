package m3u8

import "time"

// partSlack is what a part may exceed the target by: packagers round.
const partSlack = time.Millisecond

// Check refuses a playlist that breaks a rule of section 4 which no single line breaks. The
// error is an *Error without a line.
func (m *Media) Check() error {
	if err := m.check(); err != nil {
		return err
	}
	return nil
}

func (m *Media) check() *Error {
	if m.TargetDuration < time.Second || m.TargetDuration%time.Second != 0 || m.TargetDuration > DurationMax {
		return fault("EXT-X-TARGETDURATION is missing, or not whole seconds")
	}
	if m.MediaSequence < 0 || m.DiscontinuitySequence < 0 || max(m.MediaSequence, m.DiscontinuitySequence) > NumberMax-SegmentsMax {
		return fault("a sequence number is not 0 to %d", int64(NumberMax-SegmentsMax))
	}
	if int64(len(m.Segments))+m.Skip.Segments > SegmentsMax {
		return fault("more than %d segments", SegmentsMax)
	}
	if m.EndList && len(m.Hints) > 0 {
		return fault("EXT-X-PRELOAD-HINT in a playlist with EXT-X-ENDLIST (section 4.4.5.3)")
	}
	if m.EndList && m.Skip.Segments > 0 {
		return fault("EXT-X-SKIP in a playlist with EXT-X-ENDLIST (section 6.2.5.1)")
	}
	if err := m.checkControl(); err != nil {
		return err
	}
	for i := range m.Segments {
		if err := m.checkSegment(&m.Segments[i]); err != nil {
			err.Reason = "segment " + clip(m.Segments[i].URI) + ": " + err.Reason
			return err
		}
	}
	return m.checkParts(m.Open.Parts)
}

func (m *Media) checkControl() *Error {
	c := m.Control
	switch {
	case c.CanSkipUntil != 0 && c.CanSkipUntil < 6*m.TargetDuration:
		return fault("CAN-SKIP-UNTIL is below 6 target durations (section 4.4.3.8)")
	case c.CanSkipDateRanges && c.CanSkipUntil == 0:
		return fault("CAN-SKIP-DATERANGES without CAN-SKIP-UNTIL (section 4.4.3.8)")
	case c.HoldBack != 0 && c.HoldBack < 3*m.TargetDuration:
		return fault("HOLD-BACK is below 3 target durations (section 4.4.3.8)")
	case m.PartTarget > m.TargetDuration:
		return fault("PART-TARGET is above the target duration")
	case m.PartTarget != 0 && c.PartHoldBack < 2*m.PartTarget:
		return fault("PART-HOLD-BACK is missing, or below 2 part targets (section 4.4.3.8)")
	}
	return nil
}

func (m *Media) checkSegment(s *Segment) *Error {
	if err := checkURI(s.URI); err != nil {
		return err
	}
	if s.Duration < 0 || s.Duration.Round(time.Second) > m.TargetDuration {
		return fault("EXTINF %v is above the target duration %v (section 4.4.3.1)", s.Duration, m.TargetDuration)
	}
	return m.checkParts(s.Parts)
}

func (m *Media) checkParts(parts []Part) *Error {
	if len(parts) > 0 && m.PartTarget == 0 {
		return fault("EXT-X-PART without EXT-X-PART-INF (section 4.4.3.7)")
	}
	if len(parts) > PartsMax {
		return fault("more than %d parts of one segment", PartsMax)
	}
	for i := range parts {
		if parts[i].Duration > m.PartTarget+partSlack {
			return fault("part %s of %v is above PART-TARGET %v (section 4.4.4.9)", clip(parts[i].URI), parts[i].Duration, m.PartTarget)
		}
	}
	return nil
}
