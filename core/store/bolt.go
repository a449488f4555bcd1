package store

import (
	"bytes"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// lockTimeout is how long Open waits for another process to let go of the file.
const lockTimeout = time.Second

var (
	bucketMeta     = []byte("meta")
	bucketRooms    = []byte("rooms")
	bucketMembers  = []byte("members")
	bucketAccounts = []byte("accounts")

	keyLayout   = []byte("layout")
	layoutValue = []byte("1")
)

// damageAdvice is what can be done about a file that cannot be read.
const damageAdvice = "put back a copy of it, or move it away to begin without bans, roles and modes"

// file is the bbolt file. Its layout stands in the package doc.
type file struct {
	path string
	db   *bbolt.DB
}

// unlessDamaged makes an error of the panics and faults with which bbolt meets pages
// that are not as it left them: a file that was cut, or written to.
func unlessDamaged(path string, read func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("cannot read store %q: it is damaged; %s (%v)", path, damageAdvice, p)
		}
	}()
	return read()
}

// openFile makes the file if there is none. Errors name it.
func openFile(path string) (*file, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockTimeout, FreelistType: bbolt.FreelistMapType})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("cannot open store %q: another process uses it", path)
	}
	for _, damaged := range []error{bolterrors.ErrInvalid, bolterrors.ErrChecksum, bolterrors.ErrVersionMismatch} {
		if errors.Is(err, damaged) {
			return nil, fmt.Errorf("cannot open store %q: it is damaged, or of another program; %s: %w", path, damageAdvice, err)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("cannot open store %q: %w", path, err)
	}
	f := &file{path, db}
	if err := db.Update(f.prepare); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("cannot open store %q: %w", path, err)
	}
	return f, nil
}

// prepare makes the buckets of a new file and refuses one that is laid out otherwise.
func (f *file) prepare(tx *bbolt.Tx) error {
	fresh := tx.Bucket(bucketMeta) == nil
	if first, _ := tx.Cursor().First(); fresh && first != nil {
		return errors.New("the file is of another program")
	}
	for _, name := range [][]byte{bucketMeta, bucketRooms, bucketMembers, bucketAccounts} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	meta := tx.Bucket(bucketMeta)
	if fresh {
		return meta.Put(keyLayout, layoutValue)
	}
	if found := meta.Get(keyLayout); !bytes.Equal(found, layoutValue) {
		return fmt.Errorf("it has layout %.20q, this program knows layout %q", found, layoutValue)
	}
	return nil
}

// load calls each for every record. Key and value are valid until each returns.
func (f *file) load(each func(k Key, value []byte) error) error {
	err := f.db.View(func(tx *bbolt.Tx) error {
		for _, kind := range []Kind{KindRoom, KindMember, KindAccount} {
			err := tx.Bucket(bucketOf(kind)).ForEach(func(name, value []byte) error {
				k, err := parseName(kind, name)
				if err == nil {
					err = each(k, value)
				}
				if err != nil {
					return fmt.Errorf("%s %.60q: %w", bucketOf(kind), name, err)
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("cannot load store %q: %w", f.path, err)
	}
	return nil
}

// write makes the records of keys durable in one transaction. encode returns nil for a
// record that is zero.
func (f *file) write(keys map[Key]struct{}, encode func(Key) ([]byte, error)) error {
	err := f.db.Update(func(tx *bbolt.Tx) error {
		for k := range keys {
			value, err := encode(k)
			if err != nil {
				return fmt.Errorf("%s: %w", k, err)
			}
			bucket := tx.Bucket(bucketOf(k.Kind))
			if value == nil {
				err = bucket.Delete(nameOf(k))
			} else {
				err = bucket.Put(nameOf(k), value)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", k, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("cannot write store %q: %w", f.path, err)
	}
	return nil
}

func (f *file) close() error {
	if err := f.db.Close(); err != nil {
		return fmt.Errorf("cannot close store %q: %w", f.path, err)
	}
	return nil
}

func bucketOf(kind Kind) []byte {
	switch kind {
	case KindRoom:
		return bucketRooms
	case KindMember:
		return bucketMembers
	default:
		return bucketAccounts
	}
}

// nameOf is the key of a record in its bucket. No name of a room has a zero byte.
func nameOf(k Key) []byte {
	switch k.Kind {
	case KindRoom:
		return []byte(k.Room)
	case KindMember:
		return []byte(k.Room + "\x00" + k.Login)
	default:
		return []byte(k.Login)
	}
}

func parseName(kind Kind, name []byte) (Key, error) {
	k := Key{Kind: kind}
	switch kind {
	case KindRoom:
		k.Room = string(name)
	case KindMember:
		room, login, _ := bytes.Cut(name, []byte{0})
		k.Room, k.Login = string(room), string(login)
	default:
		k.Login = string(name)
	}
	return k, k.validate()
}
