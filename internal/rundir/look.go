package rundir

// SocketDirs are the directories that sockets may lie in, best first. None has
// been made or looked at.
func (p Paths) SocketDirs() []string { return append([]string(nil), p.sockets...) }
