import Kernel
import Testing

@testable import Postgres

@Suite struct PostgresErrorTests {
    @Test(arguments: [
        ("23505", PostgresError.Kind.statement, Failure.Kind.conflict, "unique_violation"),
        ("40001", .contended, .overloaded, "overloaded"), ("40P01", .contended, .overloaded, "overloaded"),
        ("57014", .timeout, .timeout, "timeout"), ("53300", .connectionLost, .unavailable, "unavailable"),
        ("57P03", .connectionLost, .unavailable, "unavailable"),
        ("57P01", .connectionLost, .unavailable, "unavailable"),
        ("08006", .connectionLost, .unavailable, "unavailable"),
        ("25006", .notPrimary, .unavailable, "unavailable"),
        ("53100", .exhausted, .unavailable, "disk_full"), ("53200", .exhausted, .overloaded, "overloaded"),
        ("42P01", .statement, .internal, "internal"), ("42501", .statement, .internal, "internal"),
    ])
    func `each state of the server has its failure`(
        _ state: String, _ kind: PostgresError.Kind, _ failure: Failure.Kind, _ code: String
    ) {
        let error = PostgresError(sqlState: state, message: "m", constraint: nil)
        #expect(error.kind == kind)
        #expect(error.failure.kind == failure)
        #expect(error.failure.code == code)
        #expect(error.mayRunElsewhere == [.connectionLost, .notPrimary].contains(kind))
    }

    @Test func `a once-record that another write made first is no conflict but a reason to try again`() {
        let error = PostgresError(sqlState: "23505", message: "m", constraint: "applied_pkey")
        #expect(error.mayRunAgain)
    }

    @Test func `an unknown outcome may not run elsewhere and says so`() {
        let error = PostgresError(.outcomeUnknown, message: "m")
        #expect(!error.mayRunElsewhere && !error.mayRunAgain)
        #expect(error.failure.kind == .timeout)
        #expect(error.failure.code == "outcome_unknown")
    }

    @Test func `a URL names its hosts, with a port for each or one for all`() throws {
        #expect(try PostgresURL("postgres://h/d").parameters["gssencmode"] == "disable")
        #expect(try PostgresURL("postgres://h/d?gssencmode=require").parameters["gssencmode"] == "require")
        func addresses(_ url: String) throws -> [String] { try PostgresURL(url).addresses.map(\.description) }
        #expect(try addresses("postgresql://u:p@a:1,b:2,c/d") == ["a:1", "b:2", "c:5432"])
        #expect(try addresses("host=a,b port=7 user=u") == ["a:7", "b:7"])
        #expect(try addresses("postgresql://u@[::1]:6/d") == ["::1:6"])
        #expect(throws: Failure.self) { try addresses("postgresql://u@a:1/d?nonsense=1") }
    }

    @Test func `statements are prepared once, and the one unused longest makes room`() {
        var statements = PreparedStatements(capacity: 2)
        #expect(statements.use("a") == .new("s1", evicted: nil))
        #expect(statements.use("b") == .new("s2", evicted: nil))
        #expect(statements.use("a") == .prepared("s1"))
        #expect(statements.use("c") == .new("s3", evicted: "s2"))
        #expect(statements.use("b") == .new("s4", evicted: "s1"))
        statements.forget("c")
        #expect(statements.use("c") == .new("s5", evicted: nil))
    }

    @Test func `a body that asked for more goes straight to a transaction for a while`() {
        var habits = ReadHabits()
        let first = habits.takesStraight("a")
        #expect(!first)
        habits.noteMore(after: "a")
        let other = habits.takesStraight("b")
        #expect(!other)
        var straight = 0
        while habits.takesStraight("a") { straight += 1 }
        #expect(straight == 16)
        for _ in 0..<100 { habits.noteMore(after: "a") }
        straight = 0
        while habits.takesStraight("a") { straight += 1 }
        #expect(straight == 64)
    }
}
