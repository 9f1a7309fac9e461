// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "failure.h"

#include <gtest/gtest.h>

// The one line that the user sees, and the exit status, of a call that must fail.
template <class Call>
void expect_failure(int status, const std::string& part, Call call) {
    try {
        call();
        ADD_FAILURE() << "nothing was wrong; expected: " << part;
    } catch (const ouros::Failure& failure) {
        EXPECT_EQ(failure.status(), status) << failure.what();
        EXPECT_NE(std::string(failure.what()).find(part), std::string::npos) << failure.what();
    }
}
