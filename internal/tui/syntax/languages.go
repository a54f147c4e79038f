package syntax

import (
	"path"
	"strings"
)

// Of returns the language of a file by its name, nil for one that is not known.
func Of(name string) *Language {
	base := strings.ToLower(path.Base(name))
	switch base {
	case "makefile", "justfile", "gnumakefile":
		return shell("ifeq ifneq endif else include define endef export")
	case "dockerfile", "containerfile":
		return &Language{words: words("from run cmd copy add env arg workdir entrypoint expose user volume label as healthcheck shell", ""), lines: hash(), quotes: `"'`, sigils: "$", nocase: true}
	case "go.mod", "go.work":
		return &Language{words: words("module go toolchain require replace exclude retract use tool", ""), lines: slashes(), quotes: `"`}
	case "cmakelists.txt":
		return &Language{words: words("if else elseif endif foreach endforeach function endfunction macro endmacro set include project add_executable add_library target_link_libraries", ""), lines: hash(), quotes: `"`, nocase: true}
	}
	ext := strings.TrimPrefix(path.Ext(base), ".")
	if l := code(ext); l != nil {
		return l
	}
	return data(ext)
}

// code is the languages of programs.
func code(ext string) *Language {
	switch ext {
	case "go":
		return &Language{
			words: words("break case chan const continue default defer else fallthrough for func go goto if import interface map package range return select struct switch type var nil true false iota",
				"any bool byte comparable complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune string uint uint8 uint16 uint32 uint64 uintptr"),
			lines: slashes(), blocks: []block{comments(), {"`", "`", String, true}}, quotes: `"`, chars: true,
		}
	case "js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "cts", "vue", "svelte":
		return &Language{
			words: words("abstract as async await break case catch class const continue declare default delete do else enum export extends false finally for from function get if implements import in instanceof interface is keyof let namespace new null of override private protected public readonly return satisfies set static super switch this throw true try type typeof undefined var void while with yield",
				"any bigint boolean never number object string symbol unknown"),
			lines: slashes(), blocks: []block{comments(), {"`", "`", String, false}}, quotes: `"'`, sigils: "@", upper: true,
		}
	case "py", "pyi", "bzl", "star":
		return &Language{
			words: words("and as assert async await break case class continue def del elif else except False finally for from global if import in is lambda match None nonlocal not or pass raise return True try while with yield self",
				"bool bytes dict float frozenset int list object set str tuple type"),
			lines: hash(), blocks: []block{{`"""`, `"""`, String, false}, {"'''", "'''", String, false}}, quotes: `"'`, sigils: "@", upper: true,
		}
	case "rs":
		return &Language{
			words: words("as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut pub ref return self Self static struct super trait true type union unsafe use where while",
				"bool char f32 f64 i8 i16 i32 i64 i128 isize str u8 u16 u32 u64 u128 usize"),
			lines: slashes(), blocks: []block{comments(), {`r#"`, `"#`, String, true}}, quotes: `"`, chars: true, upper: true,
		}
	case "c", "h", "cc", "cpp", "cxx", "hh", "hpp", "hxx", "m", "mm", "ino", "cu":
		return &Language{
			words: words("alignas alignof auto break case catch class concept const constexpr consteval continue co_await co_return co_yield decltype default delete do else enum explicit export extern false final for friend goto if inline mutable namespace new noexcept NULL nullptr operator override private protected public register requires restrict return sizeof static static_assert static_cast struct switch template this throw true try typedef typename union using virtual volatile while",
				"bool char double float int int8_t int16_t int32_t int64_t long short signed size_t ssize_t uint8_t uint16_t uint32_t uint64_t unsigned void wchar_t"),
			lines: slashes(), blocks: []block{comments()}, quotes: `"`, chars: true, sigils: "#",
		}
	case "java", "kt", "kts", "scala", "groovy", "gradle", "cs", "swift", "dart":
		return &Language{
			words: words("abstract as async await base break case catch class companion const continue data def default defer delegate do else enum event explicit extends extension extern false final finally fixed for foreach fun func get guard if implements implicit import in init inout instanceof interface internal is it lateinit lazy let lock match mixin namespace native new nil null object open operator out override package params partial private protected protocol public readonly record ref required return sealed self set sizeof static struct super suspend switch synchronized this throw throws trait transient true try type typealias typeof unsafe using val var virtual volatile when where while with yield",
				"bool boolean byte char decimal double dynamic float int long sbyte short string uint ulong ushort void"),
			lines: slashes(), blocks: []block{comments(), {`"""`, `"""`, String, true}}, quotes: `"`, chars: true, sigils: "@", upper: true,
		}
	case "sh", "bash", "zsh", "ksh", "fish", "mk", "just", "envrc", "bats":
		return shell("")
	case "rb", "rake", "gemspec":
		return &Language{
			words: words("alias and begin break case class def defined? do else elsif end ensure false for if in module next nil not or redo rescue retry return self super then true undef unless until when while yield require require_relative attr_accessor attr_reader attr_writer private protected public", ""),
			lines: hash(), blocks: []block{{"=begin", "=end", Comment, true}}, quotes: `"'`, sigils: "@$:", upper: true,
		}
	case "php":
		return &Language{
			words: words("abstract and array as break case catch class clone const continue declare default do echo else elseif empty enum extends final finally fn for foreach function global if implements include instanceof interface isset list match namespace new null or print private protected public readonly require require_once return static switch this throw trait try unset use var while yield true false",
				"bool float int mixed object string void"),
			lines: append(slashes(), "#"), blocks: []block{comments()}, quotes: `"'`, sigils: "$", upper: true,
		}
	case "lua":
		return &Language{words: words("and break do else elseif end false for function goto if in local nil not or repeat return then true until while", ""), lines: []string{"--"}, blocks: []block{{"[[", "]]", String, true}}, quotes: `"'`}
	case "ex", "exs":
		return &Language{words: words("after alias and case catch cond def defmodule defp defmacro defstruct do else end false fn for if import in nil not or quote raise receive require rescue true try unless unquote use when with", ""), lines: hash(), blocks: []block{{`"""`, `"""`, String, false}}, quotes: `"`, sigils: ":@", upper: true}
	case "zig":
		return &Language{words: words("align and anytype asm async await break catch comptime const continue defer else enum errdefer error export extern fn for if inline noalias null or orelse packed pub resume return struct suspend switch test true false try undefined union unreachable usingnamespace var volatile while", "bool f32 f64 i8 i16 i32 i64 isize u8 u16 u32 u64 usize void"), lines: slashes(), quotes: `"`, chars: true, sigils: "@"}
	case "sql":
		return &Language{
			words: words("add all alter and as asc begin between by case check column commit constraint create cross default delete desc distinct drop else end exists foreign from full group having if in index inner insert into is join key left like limit not null offset on or order outer primary references returning right rollback select set table then transaction trigger union unique update using values view when where with",
				"bigint blob boolean char date decimal double float int integer json numeric real serial smallint text time timestamp uuid varchar"),
			lines: []string{"--"}, blocks: []block{comments()}, quotes: `"'`, nocase: true,
		}
	}
	return nil
}

// data is the languages of everything else.
func data(ext string) *Language {
	switch ext {
	case "yaml", "yml":
		return &Language{words: words("true false null yes no on off", ""), lines: hash(), quotes: `"'`, keys: ":", dashes: true}
	case "toml", "ini", "cfg", "conf", "properties", "env":
		return &Language{words: words("true false", ""), lines: []string{"#", ";"}, blocks: []block{{`"""`, `"""`, String, false}, {"'''", "'''", String, true}}, quotes: `"'`, keys: "=", dashes: true}
	case "json", "jsonc", "json5":
		return &Language{words: words("", "true false null"), lines: slashes(), blocks: []block{comments()}, quotes: `"`, keys: ":"}
	case "tf", "hcl", "nix":
		return &Language{words: words("resource variable output module provider data locals terraform let in with rec if then else inherit import for", "true false null"), lines: append(slashes(), "#"), blocks: []block{comments()}, quotes: `"`, keys: "=", dashes: true}
	case "proto":
		return &Language{words: words("syntax package import option message enum service rpc returns stream oneof map repeated optional reserved extend", "bool bytes double fixed32 fixed64 float int32 int64 string uint32 uint64 sint32 sint64"), lines: slashes(), blocks: []block{comments()}, quotes: `"'`, upper: true}
	case "graphql", "gql":
		return &Language{words: words("type query mutation subscription input enum interface union scalar schema extend fragment on implements directive", ""), lines: hash(), blocks: []block{{`"""`, `"""`, Comment, true}}, quotes: `"`, sigils: "@$", upper: true}
	case "css", "scss", "less", "sass":
		return &Language{lines: []string{"// "}, blocks: []block{comments()}, quotes: `"'`, sigils: "@$", keys: ":", dashes: true}
	case "html", "htm", "xml", "svg", "xhtml":
		return &Language{blocks: []block{{"<!--", "-->", Comment, true}}, quotes: `"`, tags: true, dashes: true}
	case "md", "markdown", "mdx":
		return &Language{blocks: []block{{"```", "```", String, true}, {"~~~", "~~~", String, true}, {"<!--", "-->", Comment, true}}, quotes: "`", marks: true}
	}
	return nil
}

func shell(more string) *Language {
	return &Language{
		words: words("case do done elif else esac exec exit export fi for function if in local readonly return set shift source then trap unset until while "+more, ""),
		lines: hash(), quotes: `"'`, sigils: "$",
	}
}

func slashes() []string { return []string{"//"} }
func hash() []string    { return []string{"#"} }
func comments() block   { return block{"/*", "*/", Comment, true} }

// words are the words of a language that are special, and the names of its own
// types.
func words(keywords, types string) map[string]Kind {
	out := make(map[string]Kind, 80)
	for w := range strings.FieldsSeq(keywords) {
		out[w] = Keyword
	}
	for w := range strings.FieldsSeq(types) {
		out[w] = Type
	}
	return out
}
