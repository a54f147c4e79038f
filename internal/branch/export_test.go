package branch

// Hold makes a service remember what it saw of a repo, as while it polls it.
func (s *Service) Hold(id string) {
	s.places[id] = &poller{place: newPlace(id)}
}
