package server

import "github.com/hf-dev/hf/pkg/api"

func (s *server) database(r *request) (api.Database, error) {
	d, err := s.cfg.Database.Database(r.Context())
	d.Backups = some(d.Backups)
	return d, err
}

func (s *server) checkDatabase(r *request) (api.DatabaseCheck, error) {
	return s.cfg.Database.Check(r.Context())
}

func (s *server) backup(r *request) (api.BackupFile, error) {
	in, err := body[api.BackupRequest](r)
	if err != nil {
		return api.BackupFile{}, err
	}
	return s.cfg.Database.Backup(r.Context(), r.id, in)
}

func (s *server) nuke(r *request) (api.Nuked, error) {
	in, err := body[api.NukeRequest](r)
	if err != nil {
		return api.Nuked{}, err
	}
	return s.cfg.Database.Nuke(r.Context(), in)
}
