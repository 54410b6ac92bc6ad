// Package source reads the doc comments of Go source.
package source

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/specguard/specguard/internal/schema"
)

// Comments reads the comments of types, their fields and string constants in the folders.
// Each folder must be a package of the same name. Tests are skipped.
func Comments(dirs ...string) (schema.Comments, error) {
	out := make(schema.Comments)
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
			if err != nil {
				return nil, fmt.Errorf("parsing %s: %w", file, err)
			}
			read(f, out)
		}
	}
	return out, nil
}

func read(f *ast.File, out schema.Comments) {
	for _, d := range f.Decls {
		decl, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, s := range decl.Specs {
			switch spec := s.(type) {
			case *ast.TypeSpec:
				doc := spec.Doc
				if doc == nil {
					doc = decl.Doc
				}
				name := f.Name.Name + "." + spec.Name.Name
				put(out, name, doc)
				if t, ok := spec.Type.(*ast.StructType); ok {
					fields(t, name, out)
				}
			case *ast.ValueSpec:
				value(spec, f.Name.Name, out)
			}
		}
	}
}

func fields(t *ast.StructType, owner string, out schema.Comments) {
	for _, f := range t.Fields.List {
		for _, n := range f.Names {
			put(out, owner+"."+n.Name, f.Doc)
		}
	}
}

// value reads the comment of a constant such as
//
//	Reject Action = "reject" // the container is denied
func value(spec *ast.ValueSpec, pkg string, out schema.Comments) {
	t, ok := spec.Type.(*ast.Ident)
	if !ok || len(spec.Values) != 1 {
		return
	}
	v, ok := spec.Values[0].(*ast.BasicLit)
	if !ok || v.Kind != token.STRING {
		return
	}
	if text, err := strconv.Unquote(v.Value); err == nil {
		put(out, pkg+"."+t.Name+"="+text, spec.Comment)
	}
}

func put(out schema.Comments, name string, doc *ast.CommentGroup) {
	if text := strings.TrimSpace(doc.Text()); text != "" {
		out[name] = text
	}
}
