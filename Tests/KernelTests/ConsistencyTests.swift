import Testing

@testable import Kernel

@Suite struct ConsistencyTests {
    @Test func `positions only grow, each store by itself`() {
        let session = Consistency()
        #expect(session.position(in: "main") == 0)
        session.advance("main", to: 7)
        session.advance("main", to: 5)
        session.advance("search", to: 1)
        #expect(session.position(in: "main") == 7)
        #expect(session.position(in: "search") == 1)
    }

    @Test func `what is written as text is read back`() {
        let session = Consistency(["main": 0x16_B374_D848, "main.x": 729, "shard-2_b": .max])
        let copy = Consistency(text: session.text)
        #expect(session.text == "main=16b374d848,main.x=2d9,shard-2_b=ffffffffffffffff")
        #expect(copy?.all == session.all)
        #expect(Consistency(text: "")?.all.isEmpty == true)
        #expect(Consistency().text.isEmpty)
    }

    @Test(arguments: [
        "main", "main=", "=1", "main=g", "main=-1", "main=+1", "main=1=2", "main=1,", ",main=1",
        "main=1,,x=2",
        "main=11112222333344445", "ma in=1", "m\u{e4}in=1", "main=1\n", "MAIN\0=1", "main=1;x=2", "main= 1",
        "main=1,main=2",
    ])
    func `other text is refused`(text: String) {
        #expect(Consistency(text: text) == nil)
    }

    @Test func `text of a client is bounded in length, names and stores`() {
        let name = String(repeating: "n", count: Consistency.maximumNameLength)
        #expect(Consistency(text: "\(name)=1") != nil)
        #expect(Consistency(text: "\(name)n=1") == nil)

        func stores(_ count: Int) -> String { (0..<count).map { "s\($0)=1" }.joined(separator: ",") }
        #expect(Consistency(text: stores(Consistency.maximumStores)) != nil)
        #expect(Consistency(text: stores(Consistency.maximumStores + 1)) == nil)

        #expect(Consistency(text: String(repeating: "a", count: Consistency.maximumLength + 1)) == nil)
        #expect(Consistency(text: String(repeating: "0", count: 1 << 20)) == nil)
    }

    @Test func `what it writes, it reads, whatever was put in`() {
        let session = Consistency()
        let name = String(repeating: "n", count: Consistency.maximumNameLength - 2)
        for index in 0..<(Consistency.maximumStores * 2) {
            session.advance("\(name)\(index % 90 + 10)", to: .max - UInt64(index))
        }
        session.advance("no text, this", to: 1)
        session.advance("", to: 1)
        let text = session.text
        #expect(text.utf8.count <= Consistency.maximumLength)
        #expect(Consistency(text: text)?.all.count == Consistency.maximumStores)
    }

    @Test func `a session that holds as many stores as it may ignores others`() {
        let session = Consistency()
        for index in 0...Consistency.maximumStores { session.advance("s\(index)", to: 3) }
        session.advance("s0", to: 4)
        #expect(session.position(in: "s0") == 4)
        #expect(session.position(in: "s\(Consistency.maximumStores)") == .max)
    }

    @Test func `sessions that meet know what either knew`() {
        let one = Consistency(["main": 5, "search": 2])
        one.merge(Consistency(["main": 3, "search": 8, "other": 1]))
        #expect(one.all == ["main": 5, "search": 8, "other": 1])
    }

    @Test func `a client's text is taken in where it is one, and changes nothing that is known`() {
        let session = Consistency(["main": 5])
        #expect(session.merged(with: "main=3,search=8").all == ["main": 5, "search": 8])
        #expect(session.merged(with: "main=ff").all == ["main": 255])
        #expect(session.merged(with: nil).all == ["main": 5])
        #expect(session.merged(with: "nonsense").all == ["main": 5])
        #expect(session.all == ["main": 5])
        #expect(session.merged(with: nil, readsPrimary: true).readsPrimary)
        #expect(!session.merged(with: nil).readsPrimary)
    }

    @Test func `many tasks advance one session and lose nothing`() async {
        let session = Consistency()
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask { for step in 0..<500 { session.advance("main", to: UInt64(step * 8 + task)) } }
            }
        }
        #expect(session.position(in: "main") == 3999)
    }
}
