package image

// SpecguardName is the name of specguard's image for tests.
const SpecguardName = "ghcr.io/specguard/specguard:test"

// Specguard is the image that the Dockerfile of the checkout describes, made of
// built programs: the agent and the OCI runtime wrapper.
func Specguard(name, agent, runtime string) Image {
	return Image{
		Name:       name,
		Entrypoint: []string{"/usr/local/bin/specguard"},
		Command:    []string{"run"},
		Programs: map[string]string{
			"/usr/local/bin/specguard":         agent,
			"/usr/local/bin/specguard-runtime": runtime,
		},
	}
}
