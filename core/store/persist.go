package store

// load puts a record that was read from the file.
func (r *records) load(k Key, value []byte) error {
	s := r.stripe(k.Room, k.Login)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch k.Kind {
	case KindRoom:
		room, err := decodeRoom(value)
		if err != nil {
			return err
		}
		return r.putRoom(s, k.Room, room)
	case KindMember:
		m, err := decodeMember(value)
		if err != nil {
			return err
		}
		return r.putMember(s, memberKey{k.Room, k.Login}, m)
	default:
		a, err := decodeAccount(value)
		if err != nil {
			return err
		}
		return r.putAccount(s, k.Login, a)
	}
}

// encode is the record as the file keeps it, or nil when it is zero.
func (r *records) encode(k Key) ([]byte, error) {
	room, member, account := r.get(k)
	switch {
	case room != nil:
		return encodeRoom(room)
	case member != nil:
		return encodeMember(member)
	case account != nil:
		return encodeAccount(account)
	default:
		return nil, nil
	}
}
