import Testing

@testable import Profiles

@Suite struct YAMLDocumentTests {
    @Test(
        "what is not YAML is told with its line and column",
        arguments: [
            ("a: 1\nb: [1,\n", "f:3:1: not valid YAML: did not find expected node content"),
            ("a:\n\tb: 2\n", "f:2:1: not valid YAML: found character that cannot start any token"),
            ("a: 'x\n", "f:2:1: not valid YAML: found unexpected end of stream"),
            ("a: 1\n--- \nb: 2\n", "f:2:1: not valid YAML: but found another document"),
            ("a: *x\n", "f:1:4: not valid YAML: found undefined alias"),
            ("a: 1\nb: \u{7}\n", "f:2:4: not valid YAML: control characters are not allowed (U+7)"),
        ])
    func syntax(text: String, expected: String) {
        let problems = YAMLDocument(text, file: "f").problems
        #expect(problems.first?.description.hasPrefix(expected) == true, "\(problems)")
        #expect(problems.count == 1)
    }

    @Test("a file without sections is refused", arguments: ["", "# nothing\n", "- a\n", "5\n", "~\n"])
    func shape(text: String) {
        #expect(
            SampleProfile.complaint(text) == "profiles/sample.yaml:1:1: must be sections with keys and values"
        )
    }

    @Test("anchors and aliases are refused where they stand") func anchors() {
        let problems = YAMLDocument("a: &x 1\nb: *x\nc:\n  <<: *x\n", file: "f").problems.map(\.description)
        #expect(problems.first == "f:1:4: a: anchors and aliases are not allowed; write the value out")
        #expect(problems.count == 3)
    }

    @Test("a bomb of aliases costs next to nothing") func bombs() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<60 {
            let items = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(items)]\n"
        }
        let problems = YAMLDocument(text + "? *a59\n: 1\n", file: "f").problems
        #expect(problems.map(\.message) == ["too many anchors and aliases; a profile is written out in full"])
    }

    @Test("deep nesting is refused without deep recursion") func depth() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(YAMLDocument(nested(16), file: "f").problems.isEmpty)
        #expect(
            YAMLDocument(nested(17), file: "f").problems.map(\.message) == ["nested deeper than 16 levels"])
        #expect(YAMLDocument(nested(900), file: "f").problems.count == 1)
        #expect(YAMLDocument(nested(500_000), file: "f").problems.count == 1)
    }

    @Test("all duplicates are told, and what stands around them is still read") func duplicates() {
        let text = "a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n  c: 4\na: 5\n"
        let document = YAMLDocument(text, file: "f")
        #expect(
            document.problems.map(\.description) == [
                "f:5:3: b.c: duplicate key; the first is in line 3",
                "f:6:3: b.c: duplicate key; the first is in line 3",
                "f:7:1: a: duplicate key; the first is in line 1",
            ])
        #expect(document.root != nil)
        #expect(
            YAMLDocument("x: {a: 1, a: 2}\n", file: "f").problems.map(\.message) == ["duplicate key \"a\""])
    }

    @Test("a file too large, not text or not there is refused in a sentence") func files() throws {
        let folder = try TemporaryFolder()
        let large = try folder.write("large.yaml", "a: " + String(repeating: "x", count: 1 << 20))
        for (file, expected) in [
            (large, "\(large): larger than 1MiB"), (folder.path + "/", "\(folder.path)/: cannot be read"),
            ("/dev/zero", "/dev/zero: larger than 1MiB"),
        ] {
            let error = #expect(throws: ProfileProblems.self) {
                try ProfileLoader.load(nameOrFile: file, checkSecrets: false)
            }
            #expect(error?.description == expected)
        }
    }

    @Test("a file of nothing but unknown keys is answered briefly") func unknownKeys() {
        let text = (0..<60_000).map { "key\($0): 1\n" }.joined()
        let lines = SampleProfile.complaint(text).split(separator: "\n")
        #expect(lines.count < 100)
        #expect(lines.contains { $0.hasSuffix("59950 more unknown keys") })
    }

    @Test("what a terminal would obey is not repeated") func controlCharacters() {
        let complaint = SampleProfile.complaint("\"\\e[2J\": 1\nroles: \"\\e[31m\"\n")
        #expect(complaint.contains("[2J: unknown key"))
        #expect(!complaint.contains("\u{1B}"))
    }

    @Test("lines may end as on Windows, and the file begin with a byte order mark") func lineEnds() throws {
        let text = "\u{FEFF}" + SampleProfile.text.replacing("\n", with: "\r\n")
        #expect(try SampleProfile.decode(text).profile == SampleProfile.decode().profile)
    }

    @Test("an adapter is chosen once") func adapters() throws {
        let log = DecodingLog(file: "f")
        let node = try #require(YAMLDocument("left: {}\nright: {}\n", file: "f").root)
        var reader = SectionReader(path: "queue", node: node, log: log)
        let choice = reader.adapter([
            Adapter("left", "The one.") { _ in "left" }, Adapter("right", "The other.") { _ in "right" },
        ])
        #expect(choice == "left")
        #expect(
            log.problems.map(\.description)
                == ["f:2:1: queue.right: one adapter only: this section has left and right"])
    }
}
