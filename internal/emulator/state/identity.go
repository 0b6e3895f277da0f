package state

import (
	"crypto/subtle"
	"slices"
	"strings"
)

// Principal is somebody who can sign in: an application with a secret, or a
// managed identity.
type Principal struct {
	Name               string
	ClientID, ObjectID string
	Kind               string // "ServicePrincipal" or "ManagedIdentity"
	Secret             string
	Fixed              bool // survives a reset
	// Federated names the workloads whose tokens are taken instead of the
	// secret (workload identity federation).
	Federated []Federation
	Groups    []string `json:",omitempty"` // object ids of the groups it is a member of
	// Certificates, in DER, whose keys sign assertions that are taken instead
	// of the secret.
	Certificates [][]byte `json:",omitempty"`
}

// mostCertificates is how many certificates an application may have.
const mostCertificates = 20

// AddCertificate lets what the key of a certificate signs stand for a client.
func (s *Store) AddCertificate(clientID string, der []byte) error {
	defer s.lock()()
	p := s.world.Principals[fold(clientID)]
	switch {
	case p == nil || p.Kind != "ServicePrincipal":
		return Refuse(404, "Request_ResourceNotFound", "The application '%.80s' does not exist.", clientID)
	case len(p.Certificates) == mostCertificates:
		return Refuse(400, "Request_BadRequest", "The application has %d certificates already.", mostCertificates)
	}
	changed := *p // readers hold the old one's list
	changed.Certificates = append(slices.Clone(p.Certificates), der)
	s.world.Principals[fold(clientID)] = &changed
	s.changed()
	return nil
}

// Federation is a federated identity credential: tokens of an issuer about a
// subject stand for the principal.
type Federation struct{ Issuer, Subject, Audience string }

// AddClient registers another application with a secret of its own. Give it
// roles with Assign.
func (s *Store) AddClient(name string) Principal {
	defer s.lock()()
	p := s.client(name)
	s.changed()
	return *p
}

func (s *Store) client(name string) *Principal {
	p := &Principal{Name: name, ClientID: s.uuid(), ObjectID: s.uuid(), Kind: "ServicePrincipal", Secret: s.secret()}
	s.world.Principals[p.ClientID] = p
	return p
}

// secret makes a client secret in the form that Entra ID gives them.
func (s *Store) secret() string { return "azp8Q~" + s.key()[:34] }

// Federate lets tokens of an issuer about a subject stand for a client. It
// takes the place of an earlier issuer for the same subject.
func (s *Store) Federate(clientID string, f Federation) {
	defer s.lock()()
	if p := s.world.Principals[fold(clientID)]; p != nil {
		p.Federated = append(slices.DeleteFunc(slices.Clone(p.Federated), func(old Federation) bool { return old.Subject == f.Subject && old.Audience == f.Audience }), f)
		s.changed()
	}
}

// Client finds a principal by its client id.
func (s *Store) Client(id string) (Principal, bool) {
	defer s.lock()()
	p := s.world.Principals[fold(id)]
	if p == nil {
		return Principal{}, false
	}
	return *p, true
}

// ClientNamed finds a principal by its name.
func (s *Store) ClientNamed(name string) (Principal, bool) {
	defer s.lock()()
	for _, p := range s.world.Principals {
		if p.Name == name {
			return *p, true
		}
	}
	return Principal{}, false
}

// PrincipalOf finds a principal by its object id.
func (s *Store) PrincipalOf(object string) (Principal, bool) {
	defer s.lock()()
	for _, p := range s.world.Principals {
		if strings.EqualFold(p.ObjectID, object) {
			return *p, true
		}
	}
	return Principal{}, false
}

// Join makes a principal a member of a group; both are told by their object
// ids. A group is nothing but such an id: what its members may do is assigned
// to it.
func (s *Store) Join(object, group string) error {
	defer s.lock()()
	for _, p := range s.world.Principals {
		if strings.EqualFold(p.ObjectID, object) {
			if !slices.Contains(p.Groups, fold(group)) {
				p.Groups = append(slices.Clone(p.Groups), fold(group))
				s.changed()
			}
			return nil
		}
	}
	return Refuse(404, "PrincipalNotFound", "Principal %s does not exist in the directory.", object)
}

// Holds tells whether what is assigned to an object id holds for a principal:
// it is the principal's own, or that of a group it is in.
func (s *Store) Holds(assigned, principal string) bool {
	defer s.lock()()
	return s.holds(assigned, principal)
}

func (s *Store) holds(assigned, principal string) bool {
	if strings.EqualFold(assigned, principal) {
		return true
	}
	for _, p := range s.world.Principals {
		if strings.EqualFold(p.ObjectID, principal) && slices.Contains(p.Groups, fold(assigned)) {
			return true
		}
	}
	return false
}

// CheckSecret compares a secret in constant time. A principal without one
// never matches.
func (p Principal) CheckSecret(secret string) bool {
	return p.Secret != "" && subtle.ConstantTimeCompare([]byte(p.Secret), []byte(secret)) == 1
}
