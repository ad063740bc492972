import Kernel
import Testing

@Suite struct AnswerWatchTests {
    @Test func `looks in vain soon become rare, and only many answers in a row undo that`() {
        var watch = AnswerWatch()
        func pause() -> Int {
            var calls = 0
            while !watch.looks() { calls += 1 }
            return calls
        }
        func miss() -> Int {
            watch.note(seen: false)
            return pause()
        }
        #expect(pause() == 0)
        #expect((0..<12).map { _ in miss() } == [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1024, 1024])
        watch.note(seen: true)
        #expect(pause() == 0)
        #expect(miss() == 1024)
        for _ in 0..<32 { watch.note(seen: true) }
        #expect(pause() == 0)
        #expect(miss() == 64)
        for _ in 0..<96 { watch.note(seen: true) }
        #expect(miss() == 2)
    }
}
