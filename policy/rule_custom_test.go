package policy

import (
	"fmt"

	"pgregory.net/rapid"
)

func drawCustom(t *rapid.T, _ Action) []string {
	var out []string
	for i, e := range append(some(t, "expression",
		`!has(spec.linux.seccomp) || spec.linux.seccomp.defaultAction != "SCMP_ACT_ALLOW"`,
		`spec.linux.resources.memory.limit <= 67108864`,
		`spec.process.capabilities.bounding.all(c, c != "CAP_SYS_ADMIN")`,
		`spec.mounts.exists(m, m.destination == "/tmp")`,
		`container.image.startsWith("registry.") && pod.labels.tier == "web"`,
	), `spec.process.user.uid != 5`) {
		out = append(out, fmt.Sprintf(`{name: v%d, message: is wrong, expression: '%s'}`, i, e))
	}
	return []string{"validations: " + flow(out...)}
}
