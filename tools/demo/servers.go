package main

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strings"
)

// servers is where the processes of the server are reached.
type servers struct {
	http, irc, admin string // of the process that viewers reach
	pushTo           string // address of the channel on the origin
	playlist         string // path
	others           []string
}

// startServers starts one process with all roles or, as tiers, three in a row, and
// returns when the last is ready.
func startServers(ctx context.Context, c *cast, binary, folder string, opts *options) (*servers, error) {
	s := &servers{playlist: "/hls/" + opts.channel + "/index.m3u8"}
	start := func(name string, usual bool, args ...string) (map[string]string, error) {
		port := func(n string) string {
			if usual && !opts.ports && isFree("127.0.0.1:"+n) {
				return "127.0.0.1:" + n
			}
			return "127.0.0.1:0"
		}
		args = append(args, "--irc-addr="+port("6667"), "--http-addr="+port("8080"), "--admin-addr="+port("9090"),
			"--drain-timeout=1s", "--data=", "--video-dir="+filepath.Join(folder, "video-"+name), "--video-part=400ms", "--video-segment=2s")
		if err := c.start(name, binary, args...); err != nil {
			return nil, err
		}
		return c.addresses(ctx)
	}
	// Between nodes many requests come from one address.
	open := []string{"--max-conns-per-ip=0", "--flood-limit=0"}
	roles := "--roles=edge,clue,exchange,origin,hls"
	var above []string
	if opts.tiers {
		origin, err := start("origin", false, append(open, "--roles=origin,hls")...)
		if err != nil {
			return nil, err
		}
		tier1, err := start("tier-1", false, append(open, "--roles=hls", "--hls-upstream="+origin["http"])...)
		if err != nil {
			return nil, err
		}
		s.pushTo = channelURL(origin["admin"], opts.channel)
		s.others = []string{"origin    http://" + origin["admin"] + "/metrics", "tier 1    http://" + tier1["admin"] + "/metrics"}
		roles, above = "--roles=edge,clue,exchange,hls", []string{"--hls-upstream=" + tier1["http"]}
	}
	edge, err := start("edge", true, append(above, roles)...)
	if err != nil {
		return nil, err
	}
	s.http, s.irc, s.admin = edge["http"], edge["irc"], edge["admin"]
	if s.pushTo == "" {
		s.pushTo = channelURL(s.admin, opts.channel)
	}
	return s, nil
}

func channelURL(admin, channel string) string { return "http://" + admin + "/hls/" + channel }

func isFree(addr string) bool {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return false
	}
	return l.Close() == nil
}

// stream are the arguments of an ffmpeg that pushes a moving picture with a clock and a tone,
// in two renditions, to the channel at address.
func (o *options) stream(address string) []string {
	out := segmentArgs
	if o.low {
		out = fragmentArgs
	}
	args := strings.Fields(fmt.Sprintf(inputArgs+out, address))
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "@", " ") // what is one argument with a space
	}
	return args
}

const (
	inputArgs = `-hide_banner -nostdin -loglevel warning
		-re -f lavfi -i testsrc2=size=640x360:rate=20 -re -f lavfi -i sine=frequency=440,volume=0.1
		-filter_complex [0:v]split=2[high][copy];[copy]scale=320:180[low] `
	codecArgs = ` -map 1:a -c:v libx264 -preset ultrafast -tune zerolatency -pix_fmt yuv420p -sc_threshold 0 -c:a aac -b:a 64k `

	// segmentArgs are of playlists and segments of a second.
	segmentArgs = `-map [high] -map 1:a -map [low]` + codecArgs + `-g 20 -keyint_min 20
		-b:v:0 900k -maxrate:v:0 1100k -bufsize:v:0 1100k -b:v:1 300k -maxrate:v:1 400k -bufsize:v:1 400k
		-f hls -method PUT -hls_time 1 -hls_list_size 10 -hls_segment_type fmp4 -hls_flags independent_segments+program_date_time
		-var_stream_map v:0,a:0,name:360p@v:1,a:1,name:180p -master_pl_name index.m3u8
		-hls_segment_filename %[1]s/%%v/%%d.m4s %[1]s/%%v/index.m3u8`

	// mp4Args are of an endless file with a key frame every 2 s; fragmentArgs have one for
	// each rendition.
	mp4Args = `-g 40 -keyint_min 40 -f mp4 -movflags frag_keyframe+empty_moov+default_base_moof
		-frag_duration 100000 -flush_packets 1 -method PUT `
	fragmentArgs = `-map [high]` + codecArgs + `-b:v 900k -maxrate 1100k -bufsize 1100k ` + mp4Args + `%[1]s/360p/stream.mp4
		-map [low]` + codecArgs + `-b:v 300k -maxrate 400k -bufsize 400k ` + mp4Args + `%[1]s/180p/stream.mp4`
)

// quoted is args as one writes them for a shell.
func quoted(args []string) string {
	words := make([]string, len(args))
	for i, arg := range args {
		if strings.ContainsAny(arg, " ;[]*$&") {
			arg = "'" + arg + "'"
		}
		words[i] = arg
	}
	return strings.Join(words, " ")
}
