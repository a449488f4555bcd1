package web

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"

	"uproar/core/hls"
	"uproar/proto/http1"
)

// Right is what a signed address says: who has it may watch a channel until a time. An
// application gives it to whom it likes, as the token and its signature; the edge asks
// nobody. Fields that the edge does not know are the application's own.
type Right struct {
	Channel string `json:"channel"`
	Expires int64  `json:"expires"` // Unix time, in seconds
}

// tokenBytesMax bounds a token, so that what a desk remembers is bounded.
const tokenBytesMax = 512

// Sign makes the values of the parameters token and sig: base64url of the right as JSON,
// without padding, and the HMAC-SHA256 of that text under the secret, in hexadecimal.
func Sign(secret []byte, r Right) (token, sig string, err error) {
	text, err := json.Marshal(r)
	if err != nil {
		return "", "", err
	}
	token = base64.RawURLEncoding.EncodeToString(text)
	return token, hex.EncodeToString(mac(secret, []byte(token))), nil
}

func mac(secret, token []byte) []byte {
	m := hmac.New(sha256.New, secret)
	m.Write(token)
	return m.Sum(nil)
}

// Why a right is refused: what the viewer is told, and the label of the metric.
var (
	errNoToken  = errors.New("no token and sig")
	errBadToken = errors.New("malformed token")
	errBadSig   = errors.New("wrong sig")
	errExpired  = errors.New("token expired")
	errChannel  = errors.New("token is for another channel")
)

// verify reads `TOKEN.SIG`.
func verify(secret, both []byte) (r Right, err error) {
	token, sig, _ := bytes.Cut(both, []byte{'.'})
	if len(token) > tokenBytesMax || len(sig) != hex.EncodedLen(sha256.Size) {
		return Right{}, errBadToken
	}
	var want [sha256.Size]byte
	if _, err := hex.Decode(want[:], sig); err != nil {
		return Right{}, errBadToken
	}
	if !hmac.Equal(mac(secret, token), want[:]) {
		return Right{}, errBadSig
	}
	text, err := base64.RawURLEncoding.DecodeString(string(token))
	if err != nil || json.Unmarshal(text, &r) != nil || r.Channel == "" || r.Expires <= 0 {
		return Right{}, errBadToken // signed by mistake
	}
	return r, nil
}

// rightCookie carries a right from a playlist on to what the playlist names: the addresses
// there are the same for all viewers, and native players ask for them as they stand.
const rightCookie = "uproar_hls"

// admit checks that the request has the right to see w's channel. A right in the query goes
// before one in the cookie, and becomes the cookie with a playlist.
func (d *desk) admit(w *wish, req *http1.Request) error {
	if len(d.port.cfg.Secret) == 0 {
		return nil
	}
	w.signed = true
	d.clock()
	cookie := cookieValue(req)
	both, err := queryRight(d.key[:0], req.Query)
	if err != nil {
		return err
	}
	if len(both) > 0 {
		d.key = both
		if w.ask.Path.Kind != hls.KindSegment && !bytes.Equal(both, cookie) {
			w.cookie = both
		}
	} else if both = cookie; len(both) == 0 {
		return errNoToken
	}
	r, known := d.rights.find(both)
	if !known {
		if r, err = verify(d.port.cfg.Secret, both); err != nil {
			return err
		}
		d.rights.keep(both, r)
	}
	switch {
	case r.Channel != w.ask.Path.Channel:
		return errChannel
	case d.now.Unix() >= r.Expires:
		return errExpired
	}
	w.cookieAge = r.Expires - d.now.Unix()
	return nil
}

// queryRight appends `TOKEN.SIG` of a query, or nothing if it has neither.
func queryRight(dst, query []byte) ([]byte, error) {
	token, ok1 := http1.QueryValue(query, "token")
	sig, ok2 := http1.QueryValue(query, "sig")
	switch {
	case !ok1 && !ok2:
		return dst, nil
	case !ok1 || !ok2:
		return dst, errNoToken
	case len(token) > tokenBytesMax:
		return dst, errBadToken
	}
	return append(append(append(dst, token...), '.'), sig...), nil
}

// cookieValue is the right that a client sends back.
func cookieValue(req *http1.Request) []byte {
	for i := range req.NumHeaders() {
		name, list := req.HeaderAt(i)
		if !bytes.EqualFold(name, []byte("Cookie")) {
			continue
		}
		for len(list) > 0 {
			var pair []byte
			pair, list, _ = bytes.Cut(list, []byte{';'})
			if value, ok := bytes.CutPrefix(bytes.TrimSpace(pair), []byte(rightCookie+"=")); ok {
				return value
			}
		}
	}
	return nil
}

// appendCookie appends the header line that sets the right as a cookie of the channel's
// video. It was verified, so it holds nothing that could end the line or the value.
func appendCookie(dst []byte, w *wish) []byte {
	dst = append(dst, "Set-Cookie: "+rightCookie+"="...)
	dst = append(append(dst, w.cookie...), "; Path="+hls.Prefix...)
	dst = append(append(dst, w.ask.Path.Channel...), "/; HttpOnly; SameSite=Lax; Max-Age="...)
	return http1.AppendEnd(strconv.AppendInt(dst, w.cookieAge, 10))
}
