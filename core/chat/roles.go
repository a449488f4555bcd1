package chat

// Roles is what a user is in one room: a set. The zero Roles is an ordinary viewer.
type Roles uint8

// Roles, from the least to the most that one may do.
const (
	Subscriber Roles = 1 << iota
	VIP
	Moderator
	Broadcaster
)

// RolesIn are the roles that follow from the names alone: a room belongs to the user of
// its name.
func RolesIn(room string, u *User) Roles {
	if room == u.Login {
		return Broadcaster
	}
	return 0
}

// Moderates reports whether its holder may moderate the room.
func (r Roles) Moderates() bool { return r&(Moderator|Broadcaster) != 0 }

// Trusted reports whether its holder is exempt from what slows ordinary viewers down.
func (r Roles) Trusted() bool { return r&(VIP|Moderator|Broadcaster) != 0 }
