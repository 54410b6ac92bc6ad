package cli

import (
	"testing"
)

func TestCheckCompare(t *testing.T) {
	drop := policyFile(t, "capabilities: {onViolation: adjust, drop: [NET_ADMIN]}")
	more := policyFile(t, "capabilities: {onViolation: adjust, drop: [NET_ADMIN, CHOWN]}")
	refuse := policyFile(t, "capabilities: {drop: [NET_ADMIN]}")
	watch := policyFile(t, "capabilities: {onViolation: audit, drop: [NET_ADMIN]}")
	small := policyFile(t, "readOnlyRootFilesystem: {onViolation: adjust, writablePaths: [/tmp], writableSize: 1Mi}")
	large := policyFile(t, "readOnlyRootFilesystem: {onViolation: adjust, writablePaths: [/tmp], writableSize: 2Mi}")
	bad, good := file(t, "bad.json", configJSON(caps, inAPod)), file(t, "good.json", configJSON(noCaps, inAPod))
	const finding = "capabilities: NET_ADMIN not allowed (allowed: all but NET_ADMIN)\n"
	const said = "capabilities: NET_ADMIN not allowed (allowed: all but NET_ADMIN). In the pod: remove NET_ADMIN from securityContext.capabilities.add\n"
	const dropped = "adjusted by p: capabilities: dropped NET_ADMIN\n"
	for name, c := range map[string]struct {
		before, after string
		code          int
		stdout        string
	}{
		"nothing": {drop, drop, 0, "0 of 2 containers would change\n"},
		"stricter": {drop, refuse, 2, bad + ": adjusted -> denied\n  gone: " + dropped + "  new: denied by p: " + finding +
			`  the user sees: specguard: denied by policy "p": ` + said + "1 of 2 containers would change\n"},
		"softer": {refuse, drop, 2, bad + ": denied -> adjusted\n  gone: denied by p: " + finding + "  new: " + dropped + "1 of 2 containers would change\n"},
		"other spec": {drop, more, 2, bad + ": adjusted -> adjusted\n  gone: " + dropped + "  new: adjusted by p: capabilities: dropped CHOWN, NET_ADMIN\n" +
			"  - process.capabilities.bounding: CAP_CHOWN\n1 of 2 containers would change\n"},
		"watched": {drop, watch, 2, bad + ": adjusted -> allowed\n  gone: " + dropped + "  new: audit, p: " + finding +
			"  + process.capabilities.bounding: CAP_NET_ADMIN\n1 of 2 containers would change\n"},
	} {
		t.Run(name, func(t *testing.T) {
			specguard(t, "check", "--policy-dir", c.before, "--compare", c.after, bad, good).expect(t, c.code, c.stdout, "")
		})
	}
	specguard(t, "check", "--policy-dir", small, "--compare", large, bad).expect(t, 2, bad+": adjusted -> adjusted\n"+
		"  - mounts./tmp.options: size=1024k\n  + mounts./tmp.options: size=2048k\n1 of 1 containers would change\n", "")
	specguard(t, "check", "--policy-dir", drop, "--compare", "/no/such", bad).expect(t, 1, "", "/no/such: no such file or directory\n")
	r := specguard(t, "check", "--policy-dir", drop, "--compare", drop, bad, "/no/such")
	r.expect(t, 1, "0 of 1 containers would change\n", "/no/such: no such file or directory\n")

	const id = `","namespace":"team-a","pod":"web-0","container":"app",`
	const violation = `{"policy":"p","rule":"capabilities","found":"NET_ADMIN not allowed","allowed":"all but NET_ADMIN","fix":"remove NET_ADMIN from securityContext.capabilities.add"}`
	const change = `{"policy":"p","rule":"capabilities","change":"dropped NET_ADMIN"}`
	r = specguard(t, "check", "--output", "json", "--policy-dir", drop, "--compare", refuse, bad, good)
	r.expect(t, 2, `{"file":"`+bad+id+`"before":"adjusted","outcome":"denied","message":"specguard: denied by policy \"p\": `+
		`capabilities: NET_ADMIN not allowed (allowed: all but NET_ADMIN). In the pod: remove NET_ADMIN from securityContext.capabilities.add","gone":{"changes":[`+change+`]},"new":{"violations":[`+violation+`]}}`+"\n", "")
	r = specguard(t, "check", "--output", "json", "--policy-dir", drop, "--compare", drop, bad, good)
	r.expect(t, 0, "", "")
}
