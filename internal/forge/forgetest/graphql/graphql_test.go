package graphql_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/forge/forgetest/graphql"
)

const zoo = `
"""
A schema with one of everything.
"""
scalar Date
enum Size { SMALL LARGE }
input Filter { size: Size names: [String!] limit: Int! = 3 }
interface Animal { name: String! friends(first: Int, last: Int): Animals }
union Pet = Cat | Dog
type Animals { nodes: [Animal] }
type Cat implements Animal { name: String! friends(first: Int, last: Int): Animals lives: Int! }
type Dog implements Animal { name: String! friends(first: Int, last: Int): Animals size: Size broken: String! }
type Query {
  animal(name: String!): Animal
  pets(filter: Filter, shout: Boolean = false): [Pet]!
  echo(text: String, number: Int, id: ID, on: Date, list: [[Int!]]): String
}
type Mutation { rename(input: Filter!): Dog }
`

type animal struct{ kind, name string }

func schema(t testing.TB) *graphql.Schema {
	t.Helper()
	name := func(_ context.Context, source any, _ graphql.Args) (any, error) { return source.(animal).name, nil }
	friends := func(context.Context, any, graphql.Args) (any, error) {
		return map[string]any{"nodes": []any{animal{"Cat", "Tom"}, errors.New("ran away"), nil}}, nil
	}
	s, err := graphql.NewSchema(zoo, map[string]graphql.Resolver{
		"Cat.name": name, "Dog.name": name, "Cat.friends": friends, "Dog.friends": friends,
		"Cat.lives":  func(context.Context, any, graphql.Args) (any, error) { return 9, nil },
		"Dog.size":   func(context.Context, any, graphql.Args) (any, error) { return "LARGE", nil },
		"Dog.broken": func(context.Context, any, graphql.Args) (any, error) { return nil, nil },
		"Query.animal": func(_ context.Context, _ any, args graphql.Args) (any, error) {
			if args.String("name") == "Nobody" {
				return nil, &graphql.Error{Type: "NOT_FOUND", Message: "no such animal"}
			}
			return animal{"Dog", args.String("name")}, nil
		},
		"Query.pets": func(_ context.Context, _ any, args graphql.Args) (any, error) {
			out := []any{animal{"Cat", "Tom"}, animal{"Dog", "Rex"}}
			for _, n := range args.Object("filter").Strings("names") {
				out = append(out, animal{"Cat", n})
			}
			if args.Bool("shout") {
				out = append(out, animal{"Dog", strings.ToUpper(args.Object("filter").String("size"))})
			}
			return out, nil
		},
		"Query.echo": func(_ context.Context, _ any, args graphql.Args) (any, error) {
			text, err := json.Marshal(args)
			return string(text), err
		},
		"Mutation.rename": func(_ context.Context, _ any, args graphql.Args) (any, error) {
			return animal{"Dog", args.Object("input").String("size")}, nil
		},
	}, func(source any) string { return source.(animal).kind })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ask(t testing.TB, s *graphql.Schema, query string, vars map[string]any) string {
	t.Helper()
	p, refused := s.Prepare(graphql.Request{Query: query, Variables: vars})
	if refused == nil {
		refused = p.Run(t.Context())
	}
	text, err := json.Marshal(refused)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAnswers(t *testing.T) {
	s := schema(t)
	for _, tt := range []struct {
		query, want string
		vars        map[string]any
	}{
		{query: `{ animal(name: "Rex") { name } }`, want: `{"data":{"animal":{"name":"Rex"}}}`},
		{query: "query A { a: animal(name: \"\\u0052ex\\n\") { __typename n: name } b: animal(name: \"\"\"\n  Bo\n\"\"\") { name ... on Cat { lives } } } # end", want: `{"data":{"a":{"__typename":"Dog","n":"Rex\n"},"b":{"name":"Bo"}}}`},
		{query: `query($s: Boolean!, $f: Filter) { pets(filter: $f, shout: $s) { ...pet ... on Dog @include(if: $s) { size } } } fragment pet on Animal { name }`, vars: map[string]any{"s": true, "f": map[string]any{"size": "SMALL", "names": []any{"Kit"}, "limit": 1.0}}, want: `{"data":{"pets":[{"name":"Tom"},{"name":"Rex","size":"LARGE"},{"name":"Kit"},{"name":"SMALL","size":"LARGE"}]}}`},
		{query: `{ pets(filter: {limit: 1, names: "One"}) { ... on Cat { name name } ... on Dog @skip(if: true) { name } } }`, want: `{"data":{"pets":[{"name":"Tom"},{},{"name":"One"}]}}`},
		{query: `query($x: Int = 4) { echo(number: $x, id: 7, on: "now", list: [1, [2]]) }`, want: `{"data":{"echo":"{\"id\":\"7\",\"list\":[[1],[2]],\"number\":4,\"on\":\"now\"}"}}`},
		{query: `query($x: Int, $t: String) { echo(number: $x, text: $t) }`, vars: map[string]any{"t": nil}, want: `{"data":{"echo":"{\"text\":null}"}}`},
		{query: `mutation M($input: Filter!) { rename(input: $input) { name } }`, vars: map[string]any{"input": map[string]any{"size": "LARGE", "limit": 2}}, want: `{"data":{"rename":{"name":"LARGE"}}}`},
		{query: `{ animal(name: "Rex") { ... on Dog { broken } } pets { ... on Cat { name } } }`, want: `{"data":{"animal":null,"pets":[{"name":"Tom"},{}]},"errors":[{"path":["animal","broken"],"locations":[{"line":1,"column":38}],"message":"Cannot return null for non-nullable field of type String!"}]}`},
		{query: `{ animal(name: "Nobody") { name } }`, want: `{"data":{"animal":null},"errors":[{"type":"NOT_FOUND","path":["animal"],"locations":[{"line":1,"column":3}],"message":"no such animal"}]}`},
		{query: `{ animal(name: "Rex") { friends(first: 2) { nodes { name } } } }`, want: `{"data":{"animal":{"friends":{"nodes":[{"name":"Tom"},null,null]}}},"errors":[{"path":["animal","friends","nodes"],"locations":[{"line":1,"column":45}],"message":"ran away"}]}`},
	} {
		if got := ask(t, s, tt.query, tt.vars); got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.query, got, tt.want)
		}
	}
}

// What GitHub refuses is refused, before anything runs.
func TestRefuses(t *testing.T) {
	s := schema(t)
	for query, why := range map[string]string{
		``:                                       "must be specified",
		`{`:                                      "expected a name, got the end",
		`{ animal( }`:                            "expected a name",
		`{ echo(text: "open) }`:                  "no end",
		`subscription { echo }`:                  "no operation here",
		`query A { echo } query B { echo }`:      "operation name",
		`{ weather }`:                            "Field 'weather' doesn't exist on type 'Query'",
		`{ pets { ... on Dog { lives } } }`:      "Field 'lives' doesn't exist on type 'Dog'",
		`{ animal(name: "x") }`:                  "must have selections",
		`{ echo { x } }`:                         "on scalars",
		`{ animal { name } }`:                    "missing required arguments: name",
		`{ animal(name: "x", age: 3) { name } }`: "doesn't accept argument 'age'",
		`{ animal(name: 3) { name } }`:           "invalid value",
		`{ animal(name: null) { name } }`:        "invalid value",
		`{ pets(filter: {limit: 1, size: HUGE}) { __typename } }`: "invalid value",
		`{ pets(filter: {limit: 1, color: 1}) { __typename } }`:   "InputObject 'Filter' doesn't accept argument 'color'",
		`{ pets(filter: {size: SMALL}) { __typename } }`:          "Argument 'limit' on InputObject 'Filter' is required",
		`query($n: String) { animal(name: $n) { name } }`:         "Type mismatch on variable $n",
		`query($n: String!) { animal(name: "x") { name } }`:       "declared by anonymous query but not used",
		`{ animal(name: $n) { name } }`:                           "is used by anonymous query but not declared",
		`query($n: Dog!) { echo(text: $n) }`:                      "isn't a valid input type",
		`query($n: Int!) { echo(number: $n) }`:                    "Expected value to not be null",
		`{ pets { ...f } }`:                                       "used, but not defined",
		`{ pets { ...f } } fragment f on Pet { ...f }`:            "infinite loop",
		`{ pets { ... on Query { echo } } }`:                      "can't be spread inside Pet",
		`{ pets { ... on Fish { name } } }`:                       "No such type Fish",
		`{ animal(name: "x") { friends { nodes { name } } } }`:    "`first` or `last`",
		`{ echo @upper }`:                                         "Directive @upper is not defined",
		strings.Repeat("{ animal ", 70) + strings.Repeat("}", 70): "too deep",
		"{ echo(text: \"\u00e9\") ; }":                            "unexpected character",
	} {
		if got := ask(t, s, query, nil); !strings.Contains(got, why) || strings.Contains(got, `"data"`) {
			t.Errorf("%s\n got %s\nwant %s", query, got, why)
		}
	}
}

func TestCost(t *testing.T) {
	s := schema(t)
	for query, want := range map[string]int{
		`{ echo }`: 1,
		`{ animal(name: "x") { friends(first: 100) { nodes { name } } } }`:                                                                                                                                   1,
		`{ animal(name: "x") { friends(first: 100) { nodes { friends(last: 10) { nodes { name } } friends2: friends(last: 10) { nodes { name } } } } } }`:                                                    2,
		`query($n: Int = 100) { animal(name: "x") { friends(first: $n) { nodes { ... on Animal { friends(last: 5) { nodes { ...f } } } } } } } fragment f on Animal { friends(last: 1) { nodes { name } } }`: 6,
	} {
		p, refused := s.Prepare(graphql.Request{Query: query})
		if refused != nil {
			t.Fatal(refused.Errors[0])
		}
		if got := p.Cost(); got != want {
			t.Errorf("%s costs %d, want %d", query, got, want)
		}
	}
}

func TestSchemaSaysWhatIsWrongWithIt(t *testing.T) {
	for text, why := range map[string]string{
		`type A { b: B }`:                "of type B, which there is not",
		`type A { b(c: C): Int }`:        "A.b(c) is of type C",
		`type A implements B { c: Int }`: "implements B, which is no interface",
		`thing A { b: Int }`:             "defines nothing",
	} {
		if _, err := graphql.NewSchema(text, nil, nil); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v, want %s", text, err, why)
		}
	}
	if _, err := graphql.NewSchema(`type A { b: Int }`, map[string]graphql.Resolver{"A.c": nil}, nil); err == nil {
		t.Error("a resolver of nothing is taken")
	}
}

// Whatever comes, there is an answer.
func FuzzAsk(f *testing.F) {
	s := schema(f)
	for _, q := range []string{
		`{ animal(name: "Rex") { name } }`, `query($x: Int = 4) { echo(number: $x, list: [1, [2]]) }`, `{ pets { ...f } } fragment f on Pet { ... on Cat { lives } }`,
		`{ pets(filter: {limit: 1, names: ["a"]}) { __typename @skip(if: true) } }`, "\"\"\" { \\", `{a:echo}#`, `{ echo(text: -) }`,
	} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		if got := ask(t, s, query, map[string]any{"x": 1}); !json.Valid([]byte(got)) {
			t.Errorf("no JSON: %s", got)
		}
	})
}
