package conformance

// Kind is how specguard's answer relates to what is expected.
type Kind string

const (
	// Agree is the same verdict.
	Agree Kind = "agree"

	// NotVisible is about what a container runtime is not told, or what has no
	// effect that it could see.
	NotVisible Kind = "not visible"

	// Stricter is a denial of what the Standards do not speak of, as a runtime
	// can be told by it to do what they forbid.
	Stricter Kind = "stricter"

	// Disagree is a decision that is another. There is none.
	Disagree Kind = "disagree"
)
