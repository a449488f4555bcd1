package admin

import (
	"math"
	"net/http"
)

type hotRecord struct {
	Room           string  `json:"room"`
	Shard          int     `json:"shard"`
	LinesPerSecond float64 `json:"lines_per_second"`
	Share          float64 `json:"share"` // of the shard's lines, 0 to 1
}

// hotRooms lists the rooms that this process decides the most lines of, hottest first;
// see clue.HotRoom.
func (a *api) hotRooms(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		refuse(w, wrongMethod(w, "GET, HEAD"))
		return
	}
	list := []hotRecord{}
	for _, h := range a.hot() {
		list = append(list, hotRecord{h.Room, h.Shard, hundredths(h.LinesPerSecond), hundredths(h.Share)})
	}
	reply(w, http.StatusOK, map[string][]hotRecord{"rooms": list})
}

func hundredths(x float64) float64 { return math.Round(x*100) / 100 }
