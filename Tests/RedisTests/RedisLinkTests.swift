import Kernel
import NIOCore
import Testing

@testable import Redis

/// The life of a connection, as events and steps.
@Suite struct RedisLinkTests {
    private static let gone = Failure(.unavailable, "gone", "")

    private static func at(_ milliseconds: Int64) -> NIODeadline {
        .uptimeNanoseconds(1) + .milliseconds(milliseconds)
    }

    private static func admission(_ link: RedisLink) -> String {
        switch link.admission {
        case .send: "send"
        case .wait: "wait"
        case .refuse(let failure): failure.code
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let events: [RedisLink.Event]
        let step: RedisLink.Step
        let admission: String
    }

    @Test(arguments: [
        Case(testDescription: "connected", events: [.connected(at: at(0))], step: .serve, admission: "send"),
        Case(testDescription: "failed", events: [.failed(gone)], step: .rest(attempt: 1), admission: "gone"),
        Case(testDescription: "rested", events: [.failed(gone), .rested], step: .connect, admission: "gone"),
        Case(
            testDescription: "failed twice", events: [.failed(gone), .rested, .failed(gone)],
            step: .rest(attempt: 2),
            admission: "gone"),
        Case(
            testDescription: "connected late", events: [.failed(gone), .rested, .connected(at: at(0))],
            step: .serve,
            admission: "send"),
        Case(
            testDescription: "lost after a while", events: [.connected(at: at(0)), .lost(gone, at: at(100))],
            step: .connect, admission: "wait"),
        Case(
            testDescription: "lost at once", events: [.connected(at: at(0)), .lost(gone, at: at(99))],
            step: .rest(attempt: 1), admission: "gone"),
        Case(
            testDescription: "lost at once again and again",
            events: [
                .connected(at: at(0)), .lost(gone, at: at(1)), .rested, .connected(at: at(2)),
                .lost(gone, at: at(3)),
            ], step: .rest(attempt: 2), admission: "gone"),
        Case(
            testDescription: "lost before it was known to be connected",
            events: [.lost(gone, at: at(1)), .connected(at: at(2))], step: .connect, admission: "gone"),
        Case(
            testDescription: "a long life makes good",
            events: [.failed(gone), .rested, .connected(at: at(0)), .lost(gone, at: at(500))], step: .connect,
            admission: "wait"),
        Case(testDescription: "overdue", events: [.overdue], step: .connect, admission: "unavailable"),
        Case(
            testDescription: "overdue, then connected", events: [.overdue, .connected(at: at(0))],
            step: .serve,
            admission: "send"),
        Case(
            testDescription: "overdue after it was connected", events: [.connected(at: at(0)), .overdue],
            step: .connect, admission: "send"),
        Case(testDescription: "closed", events: [.closed], step: .stop, admission: "unavailable"),
        Case(
            testDescription: "nothing follows the end",
            events: [.closed, .connected(at: at(0)), .rested, .failed(gone), .overdue], step: .stop,
            admission: "unavailable"),
    ])
    func `an event leads to a step`(_ example: Case) {
        var link = RedisLink(shortLife: .milliseconds(100))
        #expect(Self.admission(link) == "wait")
        var step: RedisLink.Step?
        for event in example.events { step = link.take(event) }
        #expect(step == example.step)
        #expect(Self.admission(link) == example.admission)
    }
}
