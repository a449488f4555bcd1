package irc

import "bytes"

// NextLine cuts the first line off a byte stream. LF and CRLF end a line; line comes without them and may be
// empty. n is the number of bytes that the line takes with its end: 0 means that no whole line stands in yet.
// More than LineBytesMax bytes before the LF are ErrLineTooLong, however the stream was cut into reads.
// line aliases in.
func NextLine(in []byte) (line []byte, n int, err error) {
	window := in
	if len(window) > LineBytesMax+1 {
		window = window[:LineBytesMax+1]
	}
	lf := bytes.IndexByte(window, '\n')
	if lf < 0 {
		if len(in) > LineBytesMax {
			return nil, 0, ErrLineTooLong
		}
		return nil, 0, nil
	}
	return trimCR(in[:lf]), lf + 1, nil
}

// NextMessageLine cuts the first line off a WebSocket message, whose end also ends a line (tmi.js sends no CRLF).
// n is 0 only when in is empty. The other rules are those of NextLine.
func NextMessageLine(in []byte) (line []byte, n int, err error) {
	line, n, err = NextLine(in)
	if n == 0 && err == nil && len(in) > 0 {
		return trimCR(in), len(in), nil
	}
	return line, n, err
}

// trimCR drops the CRs at the end: one is part of CRLF, and broken text-mode clients send CR CR LF.
func trimCR(line []byte) []byte {
	for len(line) > 0 && line[len(line)-1] == '\r' {
		line = line[:len(line)-1]
	}
	return line
}
