package policy

// RuleKind is a kind of rule, as the schema of the documents and the reference
// of the rules tell of it.
type RuleKind struct {
	Name      string
	Config    Rule // what its part of a document decodes into; empty
	CanAdjust bool

	// Allows are the fields that an exception can add to: lists of what is allowed.
	Allows []string

	// Early: the rule decides when the container is created. NeedsImage: only if the
	// runtime shows the image by then. Else it decides before the container starts.
	Early, NeedsImage bool
}

// RuleKinds returns the kinds of rules, in the order in which they adjust.
func RuleKinds() []RuleKind {
	var out []RuleKind
	for _, k := range kinds() {
		var allows []string
		if r, ok := k.make().(widens); ok {
			for _, l := range r.allowLists() {
				allows = append(allows, l.field)
			}
		}
		out = append(out, RuleKind{
			Allows: allows,
			Name:   k.name, Config: k.make(), CanAdjust: k.canAdjust(), Early: k.reads&^image == 0, NeedsImage: k.reads == image,
		})
	}
	return out
}

// DocumentKind is a kind of document.
type DocumentKind struct {
	Name string
	Head any // a pointer to what the document decodes into
	Spec any // a pointer to what its spec decodes into
}

// DocumentKinds returns the kinds of documents that stand in policy files.
func DocumentKinds() []DocumentKind {
	return []DocumentKind{
		{Name: kindPolicy, Head: &document{}, Spec: &policySpec{}},
		{Name: kindException, Head: &document{}, Spec: &exceptionSpec{}},
	}
}
