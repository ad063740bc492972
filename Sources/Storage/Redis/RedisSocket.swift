import CHiredis
import Foundation
import Kernel
import NIOCore

/// An open socket that belongs to no event loop, and what a thread sleeps on until it can be used.
///
/// It is closed when nobody holds it any more, so that its number never means another socket.
final class RedisSocket: Sendable {
    enum Arrival: Equatable { case bytes(Int), nothing, end }

    private let descriptor: Int32
    /// The same socket by another number, of which the kernel tells nothing but that the other end is gone.
    private let end: Int32
    private let watch: Int32
    private let wakeup: Int32

    /// Takes `descriptor`, which does not block, even if it throws.
    init(adopting descriptor: Int32) throws(Failure) {
        self.descriptor = descriptor
        end = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        watch = epoll_create1(Int32(EPOLL_CLOEXEC))
        wakeup = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard end >= 0, watch >= 0, wakeup >= 0,
            add(wakeup, EPOLLIN.rawValue), add(end, EPOLLRDHUP.rawValue | EPOLLET.rawValue),
            add(descriptor, EPOLLONESHOT.rawValue)
        else { throw Failure.unavailable("A watch of a socket") }
    }

    deinit { for number in [descriptor, end, watch, wakeup] where number >= 0 { close(number) } }

    private func add(_ number: Int32, _ events: UInt32) -> Bool {
        var event = epoll_event()
        event.events = events
        event.data.fd = number
        return epoll_ctl(watch, EPOLL_CTL_ADD, number, &event) == 0
    }

    /// Sends what goes without waiting; false if the connection is broken.
    func send(_ buffer: inout ByteBuffer) -> Bool {
        while buffer.readableBytes > 0 {
            let count = buffer.withUnsafeReadableBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return errno == EAGAIN || errno == ENOBUFS }
            buffer.moveReaderIndex(forwardBy: count)
        }
        return true
    }

    /// What is there already.
    func receive(into room: UnsafeMutableRawBufferPointer) -> Arrival {
        while true {
            let count = recv(descriptor, room.baseAddress, room.count, Int32(MSG_DONTWAIT))
            if count > 0 { return .bytes(count) }
            if count < 0 && errno == EINTR { continue }
            return count < 0 && errno == EAGAIN ? .nothing : .end
        }
    }

    /// Ends `wait` once when the socket can be read, or written. From any thread.
    func arm(writes: Bool) {
        var event = epoll_event()
        event.events = EPOLLONESHOT.rawValue | EPOLLIN.rawValue | (writes ? EPOLLOUT.rawValue : 0)
        event.data.fd = descriptor
        epoll_ctl(watch, EPOLL_CTL_MOD, descriptor, &event)
    }

    /// Ends `wait`. From any thread.
    func wake() { eventfd_write(wakeup, 1) }

    /// Sleeps until there is something to do, for at most so many milliseconds; -1 for ever.
    func wait(_ milliseconds: Int32) {
        withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 4) { events in
            let count = epoll_wait(watch, events.baseAddress, Int32(events.count), milliseconds)
            var value = eventfd_t()
            for event in events.prefix(max(0, Int(count))) where event.data.fd == wakeup {
                eventfd_read(wakeup, &value)
            }
        }
    }

    /// The other end learns that nothing more comes, whoever still holds the socket.
    func shutDown() { shutdown(descriptor, Int32(SHUT_RDWR)) }
}
