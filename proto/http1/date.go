package http1

import "time"

const (
	days   = "SunMonTueWedThuFriSat"
	months = "JanFebMarAprMayJunJulAugSepOctNovDec"
)

// dateBytes is the length of `Sun, 06 Nov 1994 08:49:37 GMT`.
const dateBytes = 29

// AppendDate appends t as RFC 9110 section 5.6.7 wants dates sent. Its year has four digits.
func AppendDate(dst []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	dst = append(dst, days[3*t.Weekday():][:3]...)
	dst = append(dst, ',', ' ')
	dst = appendTwo(dst, day)
	dst = append(dst, ' ')
	dst = append(dst, months[3*(month-1):][:3]...)
	dst = append(dst, ' ')
	dst = appendTwo(dst, year/100)
	dst = appendTwo(dst, year%100)
	dst = append(dst, ' ')
	dst = appendTwo(dst, hour)
	dst = append(dst, ':')
	dst = appendTwo(dst, minute)
	dst = append(dst, ':')
	dst = appendTwo(dst, second)
	return append(dst, " GMT"...)
}

func appendTwo(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }

// AppendFieldDate appends one header line with a date.
func AppendFieldDate(dst []byte, name string, t time.Time) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	return AppendEnd(AppendDate(dst, t))
}

// ParseDate reads a date in any of the three forms of RFC 9110 section 5.6.7. Its weekday is not looked at. Years of two
// digits are as Go reads them: 69 to 99 in the last century.
func ParseDate(b []byte) (t time.Time, ok bool) {
	if len(b) == dateBytes && string(b[dateBytes-4:]) == " GMT" {
		t, err := time.Parse("02 Jan 2006 15:04:05", string(b[5:dateBytes-4]))
		return t, err == nil && b[3] == ',' && b[4] == ' '
	}
	for _, layout := range []string{time.RFC850, time.ANSIC} {
		if t, err := time.Parse(layout, string(b)); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
