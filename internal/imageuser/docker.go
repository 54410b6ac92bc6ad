package imageuser

// dockerImages reads what "docker save" writes.
func (s *store) dockerImages() ([]Image, error) {
	var list []struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	if err := s.document("manifest.json", &list); err != nil {
		return nil, err
	}
	var out []Image
	for _, m := range list {
		var c configuration
		if err := s.document(m.Config, &c); err != nil {
			return nil, err
		}
		if c.OS != "linux" {
			continue
		}
		u, err := s.user(c.Config.User, m.Layers)
		if err != nil {
			return nil, err
		}
		out = append(out, Image{Names: m.RepoTags, User: u})
	}
	return out, nil
}
