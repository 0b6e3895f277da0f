package state

import (
	"slices"
	"strings"
)

// Documents lists the documents of a type directly below a parent id, by name.
// A type is spelled as ARM spells it; case does not count.
func (s *Store) Documents(parent, typ string) []Document {
	defer s.lock()()
	list := []Document{}
	for id, d := range s.world.Documents {
		if strings.EqualFold(d.Type, typ) && strings.HasPrefix(id, fold(parent)+"/") {
			list = append(list, *d)
		}
	}
	slices.SortFunc(list, func(a, b Document) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return strings.Compare(fold(a.ID), fold(b.ID))
	})
	return list
}

// Document finds a document by its id.
func (s *Store) Document(id string) (Document, bool) {
	defer s.lock()()
	d := s.world.Documents[fold(id)]
	if d == nil {
		return Document{}, false
	}
	return *d, true
}

// PutDocument creates or replaces a document; created tells which. parent, if
// not "", is the account that must exist.
func (s *Store) PutDocument(d Document, parent string, m Match, by Caller) (put Document, created bool, err error) {
	defer s.lock()()
	if parent != "" {
		kind := strings.TrimPrefix(d.Type, "Microsoft.CognitiveServices/")
		if _, err := s.parent(parent, kind); err != nil {
			return Document{}, false, err
		}
	}
	old := s.world.Documents[fold(d.ID)]
	tag := ""
	if old != nil {
		tag = old.ETag
	}
	if err := m.check(tag); err != nil {
		return Document{}, false, err
	}
	if old != nil {
		d.Stamp = old.Stamp
		d.ID, d.Name = old.ID, old.Name
		s.touch(&d.Stamp, by, s.accountTag())
	} else {
		d.Stamp = s.stamp(by, s.accountTag())
	}
	s.world.Documents[fold(d.ID)] = &d
	s.changed()
	return d, old == nil, nil
}

// DeleteDocument removes a document and tells whether there was one.
func (s *Store) DeleteDocument(id string, m Match) (bool, error) {
	defer s.lock()()
	d := s.world.Documents[fold(id)]
	if d == nil {
		return false, nil
	}
	if err := m.check(d.ETag); err != nil {
		return false, err
	}
	delete(s.world.Documents, fold(id))
	for key := range s.world.Documents {
		if strings.HasPrefix(key, fold(id)+"/") {
			delete(s.world.Documents, key)
		}
	}
	s.changed()
	return true, nil
}
