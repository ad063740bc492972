import CPostgres
import Foundation
import Kernel

/// Puts a thread to sleep until a socket can be used, and wakes it. Sockets are watched until they were ready once;
/// those that are closed are forgotten by the kernel.
final class SocketWatch: Sendable {
    private let descriptor: Int32
    private let wakeup: WakeupPipe
    private static let wakeupToken = UInt64.max

    init() throws {
        wakeup = try WakeupPipe()
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        var event = epoll_event()
        event.events = EPOLLIN.rawValue
        event.data.u64 = Self.wakeupToken
        guard descriptor >= 0, epoll_ctl(descriptor, EPOLL_CTL_ADD, wakeup.descriptor, &event) == 0 else {
            throw Failure.unavailable("A watch of sockets")
        }
    }

    deinit { close(descriptor) }

    /// Tells of `socket` once under the number of its `slot`. From any thread.
    func arm(_ socket: Int32, _ slot: Int, reads: Bool, writes: Bool) {
        guard socket >= 0 else { return }
        var event = epoll_event()
        event.events =
            EPOLLONESHOT.rawValue | (reads ? EPOLLIN.rawValue : 0) | (writes ? EPOLLOUT.rawValue : 0)
        event.data.u64 = UInt64(slot)
        if epoll_ctl(descriptor, EPOLL_CTL_MOD, socket, &event) != 0 {
            epoll_ctl(descriptor, EPOLL_CTL_ADD, socket, &event)
        }
    }

    /// Wakes the thread that waits. From any thread.
    func signal() { wakeup.signal() }

    /// The slots whose sockets can be used, after at most so many milliseconds; -1 for ever.
    func wait(_ milliseconds: Int32) -> [Int] {
        withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 16) { events in
            let count = epoll_wait(descriptor, events.baseAddress, Int32(events.count), milliseconds)
            var slots: [Int] = []
            for event in events.prefix(max(0, Int(count))) {
                if event.data.u64 == Self.wakeupToken {
                    wakeup.drain()
                } else {
                    slots.append(Int(event.data.u64))
                }
            }
            return slots
        }
    }
}
