import Kernel
import Testing

@Suite struct PageTests {
    private let keys = (0..<5).map { _ in UUIDv7() }

    @Test(arguments: [
        (0, 3, 0, false), (2, 3, 2, false), (3, 3, 3, false), (4, 3, 3, true), (5, 5, 5, false),
    ])
    func `a page ends the list unless one row more was read`(
        _ rows: Int, _ limit: Int, _ items: Int, _ goesOn: Bool
    ) {
        let page = Page(reading: Array(keys.prefix(rows)), limit: limit) { $0 }
        #expect(page.items == Array(keys.prefix(items)))
        #expect(page.next == (goesOn ? keys[items - 1] : nil))
    }

    @Test func `mapping keeps where the next page starts`() {
        let page = Page(reading: keys, limit: 2) { $0 }.map(\.description)
        #expect(page.items == keys.prefix(2).map(\.description))
        #expect(page.next == keys[1])
    }

    @Test(arguments: [
        (Int.min, 1), (-1, 1), (0, 1), (1, 1), (50, 50), (100, 100), (101, 100), (Int.max, 100),
    ])
    func `a limit is kept within bounds`(_ asked: Int, _ given: Int) {
        #expect(PageRequest(limit: asked).limit == given)
    }
}
