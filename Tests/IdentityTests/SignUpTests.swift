import Kernel
import Testing

@testable import Identity

@Suite struct SignUpTests {
    private func request(
        team: String = "Team", region: String? = nil, isolation: String? = nil,
        email: String = "a@example.com", name: String = "Ada", password: String = "12345678"
    ) -> SignUp {
        SignUp(
            teamName: team, region: region, isolation: isolation, email: email, name: name,
            password: password)
    }

    /// `field code` of each problem.
    private func problems(_ request: SignUp) -> [String] {
        do {
            _ = try request.validated(region: "eu")
            return []
        } catch {
            return (error as? Failure)?.fields.map { "\($0.field) \($0.code)" } ?? ["\(error)"]
        }
    }

    @Test func `what is right is trimmed and normalised`() throws {
        let good = try request(
            team: "  Ada's Team\n", region: "eu", email: " ADA@Example.COM ", name: "\tAda Lovelace ",
            password: " 8 spaces "
        ).validated(region: "eu")
        #expect(good.teamName == "Ada's Team")
        #expect(good.name == "Ada Lovelace")
        #expect(good.email == "ada@example.com")
        #expect(good.region == "eu")
        #expect(good.password == " 8 spaces ")
        #expect(try request().validated(region: "eu").region == "eu")
    }

    @Test func `a team is placed as it asks, where that is offered`() throws {
        let own = request(isolation: "schema")
        #expect(problems(own) == ["isolation unknown_isolation"])
        #expect(try own.validated(region: "eu", isolations: [.shared, .schema]).isolation == "schema")
        #expect(try request().validated(region: "eu", isolations: [.schema]).isolation == nil)
    }

    @Test func `all problems are told at once`() {
        let bad = request(
            team: " ", region: "mars", isolation: "castle", email: "nobody", name: "", password: "short")
        #expect(
            Set(problems(bad)) == [
                "name required", "owner.name required", "owner.email invalid_email",
                "owner.password password_length", "region unknown_region", "isolation unknown_isolation",
            ])
        #expect(problems(bad).count == 6)
        let failure = #expect(throws: Failure.self) { try bad.validated(region: "eu") }
        #expect(failure?.kind == .invalid)
        #expect(failure?.code == "invalid_request")
    }

    @Test(arguments: [
        ("Ada", nil), ("李小龍", nil), ("👩‍👩‍👧‍👦", nil), ("O'Brien-Ñandú", nil), ("محمد", nil),
        (String(repeating: "é", count: 100), nil), (" " + String(repeating: "a", count: 100) + " ", nil),
        (String(repeating: "a", count: 101), "too_long"), ("", "required"), (" \n\t ", "required"),
        ("a\u{0}b", "invalid"), ("a\nb", "invalid"), ("a\r\nb", "invalid"), ("a\tb", "invalid"),
        ("a\u{1B}[31m", "invalid"), ("a\u{7F}", "invalid"),
    ])
    func `a name is 1 to 100 characters of any script, none of them control`(_ name: String, _ code: String?)
    {
        #expect(problems(request(name: name)) == (code.map { ["owner.name \($0)"] } ?? []))
        #expect(problems(request(team: name)) == (code.map { ["name \($0)"] } ?? []))
    }

    @Test(arguments: ["a\u{80}b", "a\u{85}b", "a\u{9B}31mb"])
    func `a name has no control characters beyond ASCII either`(_ name: String) {
        #expect(problems(request(name: name)) == ["owner.name invalid"])
    }

    @Test(arguments: [
        "a@b.c", "first.last+tag@sub.example.com", "ü@exämple.org", "a'b@example.com",
        String(repeating: "a", count: 242) + "@example.com",
    ])
    func `these are addresses`(_ email: String) { #expect(problems(request(email: email)) == []) }

    @Test(arguments: [
        "", "a", "@", "a@", "@b.c", "a@b", "a@.c", "a@b.", "a@b@c.d", "a b@c.d", "a@b c.d", "a\n@b.c",
        "a\u{0}@b.c", "a@b.c\u{7F}", String(repeating: "a", count: 243) + "@example.com",
        String(repeating: "é", count: 122) + "@example.com",
    ])
    func `these are no addresses`(_ email: String) {
        #expect(problems(request(email: email)) == ["owner.email invalid_email"])
    }

    @Test(arguments: [(7, false), (8, true), (256, true), (257, false), (0, false)])
    func `a password has 8 to 256 characters`(_ length: Int, _ isGood: Bool) {
        for letter in ["x", "ß", "🦆"] {
            let found = problems(request(password: String(repeating: letter, count: length)))
            #expect(found == (isGood ? [] : ["owner.password password_length"]))
        }
    }

    @Test(arguments: [
        ("Ada's Team", "ada-s-team"), ("  A  B  ", "a-b"), ("李小龍", "team"), ("Ünïcode 9", "n-code-9"),
        ("---", "team"), ("UPPER", "upper"),
        (String(repeating: "x", count: 100), String(repeating: "x", count: 48)),
    ])
    func `a slug is of lower-case ASCII`(_ name: String, _ slug: String) {
        #expect(SignUp.slug(name) == slug)
    }
}
