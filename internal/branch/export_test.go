package branch

// Hold makes a service remember what it saw of a repo, as while it polls it.
func (s *Service) Hold(id string) {
	s.places[id] = &poller{place: newPlace(id)}
}

// Polls reports whether a repo is looked at by itself.
func (s *Service) Polls(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.places[id] != nil
}

// Blind makes a service do without what tells of changes, as where a system has
// no more of it to give.
func (s *Service) Blind() { s.watch = &watcher{} }
